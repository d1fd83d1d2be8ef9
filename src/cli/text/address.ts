import { MeshgateError } from '../../errors.js';
import { formatAddress, MAX_UNICAST_ADDRESS, ROOT_ADDRESS } from '../../protocol/address.js';

export { formatAddress };

const NUMBER = /^(0x[0-9a-f]+|\d+)$/i;

/** A node as it was typed: an address (`5`, `0x5`) or a name; 0 = the root. Throws `BAD_USAGE`. */
export function parseNode(text: string): number | string {
  if (text.trim() === '') throw new MeshgateError('BAD_USAGE', 'an empty text names no node');
  if (!NUMBER.test(text)) return text;
  const address = Number(text);
  if (address >= ROOT_ADDRESS && address <= MAX_UNICAST_ADDRESS) return address;
  throw new MeshgateError(
    'BAD_USAGE',
    `${text} is not the address of a node`,
    `addresses go from 0x0001 to ${formatAddress(MAX_UNICAST_ADDRESS)}`,
  );
}

/** A data type or message as it was typed: a number (`5`, `0x5`) or a name. */
export function parseNumberOrName(text: string): number | string {
  return NUMBER.test(text) ? Number(text) : text;
}

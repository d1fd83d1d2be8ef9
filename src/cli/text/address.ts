import { MeshgateError } from '../../base/errors.js';
import { formatAddress as formatNumber, MAX_UNICAST_ADDRESS, ROOT_ADDRESS } from '../../protocol/address.js';
import { numberIn } from '../../protocol/names.js';

/** `0x0005`; of a gateway of a fleet `field-north/0x0005`. */
export function formatAddress(address: number, gateway: string | undefined): string {
  return qualified(formatNumber(address), gateway);
}

/** What belongs to one gateway, with its name in front of it where there are several. */
export function qualified(text: string, gateway: string | undefined): string {
  return gateway === undefined ? text : `${gateway}/${text}`;
}

/** A node as it was typed: an address (`5`, `0x5`) or a name; 0 = the root. Throws `BAD_USAGE`. */
export function parseNode(text: string): number | string {
  if (text.trim() === '') throw new MeshgateError('BAD_USAGE', 'an empty text names no node');
  const address = numberIn(text);
  if (address === undefined) return text;
  if (address >= ROOT_ADDRESS && address <= MAX_UNICAST_ADDRESS) return address;
  throw new MeshgateError(
    'BAD_USAGE',
    `${text} is not the address of a node`,
    `addresses go from 0x0001 to ${formatNumber(MAX_UNICAST_ADDRESS)}`,
  );
}

/** A data type or message as it was typed: a number (`5`, `0x5`) or a name. */
export function parseNumberOrName(text: string): number | string {
  return numberIn(text) ?? text;
}

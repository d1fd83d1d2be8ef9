import { MeshgateError } from '../../base/errors.js';
import { formatAddress as formatNumber, MAX_UNICAST_ADDRESS, ROOT_ADDRESS } from '../../protocol/address.js';
import { numberIn } from '../../protocol/names.js';

/** `0x0005`; in a fleet `field-north/0x0005`. */
export function formatAddress(address: number, gateway: string | undefined): string {
  return qualified(formatNumber(address), gateway);
}

/** The owner of a value: the id of a device, or the address of a node. */
export function formatSubject(
  { node, device }: { readonly node: number; readonly device?: string | undefined },
  gateway: string | undefined,
): string {
  return device === undefined ? formatAddress(node, gateway) : qualified(device, gateway);
}

/** With the name of the gateway in front, if one is given. */
export function qualified(text: string, gateway: string | undefined): string {
  return gateway === undefined ? text : `${gateway}/${text}`;
}

/** Parses a node: an address (`5`, `0x5`) or a name; 0 is the root. Throws `BAD_USAGE`. */
export function parseNode(text: string): number | string {
  if (text.trim() === '')
    throw new MeshgateError('BAD_USAGE', 'the node is empty', 'give an address (5, 0x5) or a name');
  const address = numberIn(text);
  if (address === undefined) return text;
  if (address >= ROOT_ADDRESS && address <= MAX_UNICAST_ADDRESS) return address;
  throw new MeshgateError(
    'BAD_USAGE',
    `${text} is not a valid node address`,
    `use 0x0001 to ${formatNumber(MAX_UNICAST_ADDRESS)}`,
  );
}

/** Parses a data type or message: a number (`5`, `0x5`) or a name. */
export function parseNumberOrName(text: string): number | string {
  return numberIn(text) ?? text;
}

import { isUnicast } from '../protocol/address.js';

/** What a node is called where the site has given it no name: `Node-5`. */
const DEFAULT_NAME = /^node-(\d{1,5})$/;

/** The name that a node is shown by. */
export function nameOf(address: number, names: ReadonlyMap<number, string>): string {
  return names.get(address) ?? `Node-${address}`;
}

/** The address of a node by its name, whether the node is known or not; case does not matter. */
export function addressNamed(name: string, names: ReadonlyMap<number, string>): number | undefined {
  const wanted = name.toLowerCase();
  for (const [address, given] of names) if (given.toLowerCase() === wanted) return address;
  const [, digits] = DEFAULT_NAME.exec(wanted) ?? [];
  return digits !== undefined && isUnicast(Number(digits)) ? Number(digits) : undefined;
}

import { formatAddress, isUnicast } from './address.js';
import { ALL_NODES, nameKey, numberIn } from './names.js';

type Names = ReadonlyMap<number, string>;

/** What a node is called where the site has given it no name: `Node-5`. */
const DEFAULT_NAME = /^node-(\d{1,5})$/;

/** Addresses by the key of the given name; a table of names does not change once it is in use. */
const addressesByKey = new WeakMap<Names, ReadonlyMap<string, number>>();

/** The name that a node is shown by. */
export function nameOf(address: number, names: Names): string {
  return names.get(address) ?? `Node-${address}`;
}

/** The address of a node by its name, whether the node is known or not; case and blanks around it do not matter. */
export function addressNamed(name: string, names: Names): number | undefined {
  const key = nameKey(name);
  return keysOf(names).get(key) ?? addressInDefaultName(key);
}

function keysOf(names: Names): ReadonlyMap<string, number> {
  const known = addressesByKey.get(names);
  if (known) return known;
  const keys = new Map([...names].map(([address, name]) => [nameKey(name), address]));
  addressesByKey.set(names, keys);
  return keys;
}

function addressInDefaultName(key: string): number | undefined {
  const [, digits] = DEFAULT_NAME.exec(key) ?? [];
  return digits !== undefined && isUnicast(Number(digits)) ? Number(digits) : undefined;
}

/** Why a node can't have this name, by itself: nobody could reach the node by it. Undefined where it can. */
export function findNameFault(address: number, name: string): string | undefined {
  const key = nameKey(name);
  if (key === '') return 'is blank; a name needs something that can be seen and typed';
  if (key === ALL_NODES) return `"${ALL_NODES}" stands for every node in commands; choose another name`;
  const meant = numberIn(key) ?? addressInDefaultName(key);
  if (meant === undefined || meant === address) return undefined;
  return isUnicast(meant)
    ? `reads as the node ${formatAddress(meant)}; choose another name`
    : 'reads as a number that is not the address of a node; choose another name';
}

import { formatAddress, isUnicast } from './address.js';
import { ALL_NODES, nameKey, numberIn } from './names.js';

/** What a node is called where the site has given it no name: `Node-5`. */
const DEFAULT_NAME = /^node-(\d{1,5})$/;

/** What the nodes are called: those with a name by the site, and all others. Does not change. */
export class NodeNames {
  readonly #byAddress: ReadonlyMap<number, string>;
  readonly #addresses: ReadonlyMap<string, number>;

  /** `given`: names by address; no two with the same key. */
  constructor(given: ReadonlyMap<number, string> = new Map()) {
    this.#byAddress = given;
    this.#addresses = new Map([...given].map(([address, name]) => [nameKey(name), address]));
  }

  /** Addresses of nodes that the site has named. */
  named(): IterableIterator<number> {
    return this.#byAddress.keys();
  }

  /** The name that a node is shown by. */
  nameOf(address: number): string {
    return this.#byAddress.get(address) ?? `Node-${address}`;
  }

  /** The address of a node by its name, whether the node is known or not; case and blanks around it do not matter. */
  addressOf(name: string): number | undefined {
    const key = nameKey(name);
    return this.#addresses.get(key) ?? addressInDefaultName(key);
  }
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

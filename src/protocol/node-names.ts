import { formatAddress, isUnicast } from './address.js';
import { ALL_NODES, nameKey, numberIn } from './names.js';

/** The name of a node without a configured one: `Node-5`. */
const DEFAULT_NAME = /^node-(\d{1,5})$/;

/** The names of nodes, configured and default. Immutable. */
export class NodeNames {
  readonly #byAddress: ReadonlyMap<number, string>;
  readonly #addresses: ReadonlyMap<string, number>;

  /** `configured`: names by address; no two with the same key. */
  constructor(configured: ReadonlyMap<number, string> = new Map()) {
    this.#byAddress = configured;
    this.#addresses = new Map([...configured].map(([address, name]) => [nameKey(name), address]));
  }

  /** Addresses of nodes with a configured name. */
  named(): IterableIterator<number> {
    return this.#byAddress.keys();
  }

  /** The name of any address. */
  nameOf(address: number): string {
    return this.#byAddress.get(address) ?? `Node-${address}`;
  }

  /** The address for a name, whether or not the node has been seen; ignores case and surrounding spaces. */
  addressOf(name: string): number | undefined {
    const key = nameKey(name);
    return this.#addresses.get(key) ?? addressInDefaultName(key);
  }
}

function addressInDefaultName(key: string): number | undefined {
  const [, digits] = DEFAULT_NAME.exec(key) ?? [];
  return digits !== undefined && isUnicast(Number(digits)) ? Number(digits) : undefined;
}

/** Why this name is not valid for a node, regardless of other nodes; undefined if it is valid. */
export function findNameFault(address: number, name: string): string | undefined {
  const key = nameKey(name);
  if (key === '') return 'is blank; use a name with visible characters';
  if (key === ALL_NODES) return `"${ALL_NODES}" means every node in commands; choose another name`;
  const meant = numberIn(key) ?? addressInDefaultName(key);
  if (meant === undefined || meant === address) return undefined;
  return isUnicast(meant)
    ? `looks like the address of node ${formatAddress(meant)}; choose another name`
    : 'looks like a number, but is not a node address; choose another name';
}

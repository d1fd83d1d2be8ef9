import { LRUCache } from 'lru-cache';
import { MemoryPool } from './memory-pool.js';
import { MeshNode } from './mesh-node.js';
import { NodeValues } from './node-values.js';

export interface NodeTableSettings {
  /** Nodes at most; the one that was heard or listed longest ago makes room. */
  readonly maxNodes: number;
  /** Values kept per node and data type. */
  readonly valuesKept: number;
}

/** Unicast addresses are 0x0001–0x7FFF. */
const ADDRESSES = 0x8000;

/** Every node that is known, by address. */
export class NodeTable {
  readonly #settings: NodeTableSettings;
  /** To find one, and all in order, without hashing. */
  readonly #byAddress = new Array<MeshNode | undefined>(ADDRESSES).fill(undefined);
  /** What `sorted` gives, until a node comes or goes. */
  #sorted: readonly MeshNode[] | undefined;
  readonly #memory = new MemoryPool();
  /** Who makes room. */
  readonly #nodes: LRUCache<number, MeshNode>;

  /** `onEvicted`: a node was forgotten to make room. */
  constructor(settings: NodeTableSettings, onEvicted: (node: MeshNode) => void) {
    this.#settings = settings;
    this.#nodes = new LRUCache({
      max: settings.maxNodes,
      dispose: (node, address, reason) => {
        this.#byAddress[address] = undefined;
        this.#sorted = undefined;
        if (reason === 'evict') onEvicted(node);
      },
    });
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Reading does not keep a node from being forgotten; only news of it does. */
  find(address: number): MeshNode | undefined {
    return this.#byAddress[address];
  }

  /** The node of this address, created if need be, and noted as news. `address`: 0x0001–0x7FFF. */
  touch(address: number): { readonly node: MeshNode; readonly isNew: boolean } {
    const known = this.#nodes.get(address);
    if (known) return { node: known, isNew: false };
    const node = new MeshNode(address, new NodeValues(this.#settings.valuesKept, this.#memory));
    this.#nodes.set(address, node);
    this.#byAddress[address] = node;
    this.#sorted = undefined;
    return { node, isNew: true };
  }

  /** Creates nodes that make room before all that are known; there must be room for them. */
  addOlder(addresses: readonly number[]): MeshNode[] {
    const known = [...this.#nodes.rkeys()];
    const added = addresses.map((address) => this.touch(address).node);
    for (const address of known) this.#nodes.get(address);
    return added;
  }

  /** Every node, by rising address. */
  sorted(): readonly MeshNode[] {
    this.#sorted ??= this.#byAddress.filter((node) => node !== undefined);
    return this.#sorted;
  }

  /** The first `limit` nodes from this address on, by rising address. */
  sortedFrom(address: number, limit: number): MeshNode[] {
    const found: MeshNode[] = [];
    for (let next = address; next < ADDRESSES && found.length < limit; next++) {
      const node = this.#byAddress[next];
      if (node) found.push(node);
    }
    return found;
  }

  /** False when there is no such node. */
  delete(address: number): boolean {
    return this.#nodes.delete(address);
  }

  clear(): void {
    this.#nodes.clear();
  }
}

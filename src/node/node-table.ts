import { LRUCache } from 'lru-cache';
import { MemoryPool } from './memory-pool.js';
import { MeshNode } from './mesh-node.js';
import { NodeValues } from './node-values.js';

export interface NodeTableSettings {
  /** Maximum number of nodes; the one heard or listed longest ago is removed to make room. */
  readonly maxNodes: number;
  /** Values kept per node and data type. */
  readonly valuesKept: number;
}

/** Unicast addresses are 0x0001–0x7FFF. */
const ADDRESSES = 0x8000;

/** All known nodes, by address. */
export class NodeTable {
  readonly #settings: NodeTableSettings;
  /** For lookups and sorted iteration without hashing. */
  readonly #byAddress = new Array<MeshNode | undefined>(ADDRESSES).fill(undefined);
  /** Cached result of `sorted`, until a node is added or removed. */
  #sorted: readonly MeshNode[] | undefined;
  readonly #memory = new MemoryPool();
  /** Determines which node makes room. */
  readonly #nodes: LRUCache<number, MeshNode>;

  /** `onEvicted`: a node was removed to make room. */
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

  /** Does not protect the node from eviction; only `touch` does. */
  find(address: number): MeshNode | undefined {
    return this.#byAddress[address];
  }

  /** Returns the node with this address, created if needed, and marks it as most recent. `address`: 0x0001–0x7FFF. */
  touch(address: number): { readonly node: MeshNode; readonly isNew: boolean } {
    const known = this.#nodes.get(address);
    if (known) return { node: known, isNew: false };
    const node = new MeshNode(address, new NodeValues(this.#settings.valuesKept, this.#memory));
    this.#nodes.set(address, node);
    this.#byAddress[address] = node;
    this.#sorted = undefined;
    return { node, isNew: true };
  }

  /** Creates nodes that are evicted before all existing ones; there must be room for them. */
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

  /** Returns false if there is no such node. */
  delete(address: number): boolean {
    return this.#nodes.delete(address);
  }

  clear(): void {
    this.#nodes.clear();
  }
}

import type { NodeTable } from '../node/node-table.js';
import type { HubEventContent, RestoredNode } from './hub.js';

/** Puts the nodes of an earlier run into the table, at start or later. */
export class RestoredNodes {
  readonly #nodes: NodeTable;
  readonly #maxNodes: number;
  readonly #publish: (content: HubEventContent) => void;
  /** Nodes removed in this run: they are not restored later. */
  readonly #forgotten = new Set<number>();
  #isAllForgotten = false;

  constructor(nodes: NodeTable, maxNodes: number, publish: (content: HubEventContent) => void) {
    this.#nodes = nodes;
    this.#maxNodes = maxNodes;
    this.#publish = publish;
  }

  onForgotten(address: number): void {
    this.#forgotten.add(address);
  }

  onAllForgotten(): void {
    this.#isAllForgotten = true;
  }

  /** Call before anything else is stored; publishes no events. */
  restore(nodes: readonly RestoredNode[]): void {
    for (const { address, uuid, lastHeardAt, values } of nodes) {
      const { node } = this.#nodes.touch(address);
      node.onRestored(uuid, lastHeardAt);
      for (const { typeId, value } of values) node.store(typeId, value);
    }
  }

  /**
   * Adds what this run does not know yet, with an event for each change. Nodes that this run has forgotten, or that do
   * not fit into the table, are reported as forgotten.
   */
  join(nodes: readonly RestoredNode[]): void {
    const kept = nodes.filter(({ address }) => !this.#isAllForgotten && !this.#forgotten.has(address));
    const unknown = kept.filter(({ address }) => !this.#nodes.find(address));
    const room = Math.max(0, this.#maxNodes - this.#nodes.size);
    const added = unknown.slice(Math.max(0, unknown.length - room));
    this.#nodes.addOlder(added.map(({ address }) => address));
    for (const { address } of added) this.#publish({ kind: 'node', node: address, change: 'added' });
    for (const restored of kept) this.#joinNode(restored);
    for (const { address } of nodes) {
      if (!this.#nodes.find(address)) this.#publish({ kind: 'node', node: address, change: 'forgotten' });
    }
  }

  #joinNode({ address, uuid, lastHeardAt, values }: RestoredNode): void {
    const node = this.#nodes.find(address);
    if (!node) return;
    const isIdentified = node.uuid !== undefined;
    node.onRestoredLate(uuid, lastHeardAt);
    for (const { typeId, value } of values) if (!node.latest(typeId)) node.store(typeId, value);
    if (!isIdentified && node.uuid) this.#publish({ kind: 'node', node: address, change: 'identified' });
  }
}

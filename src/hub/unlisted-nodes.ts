import type { Clock } from '../base/clock.js';
import type { MeshNode, StatusRules } from '../node/mesh-node.js';
import type { NodeTable } from '../node/node-table.js';
import { isRootAddress } from '../protocol/message.js';

/** Silent unlisted nodes are removed after this time, or sooner when there are more of them than this. */
const SILENT_KEPT_MS = 24 * 60 * 60 * 1000;
const MAX_SILENT = 256;

/**
 * Nodes that the root has never listed although it lists others. A frame has no checksum: a corrupted address looks
 * like a node that does not exist.
 */
export class UnlistedNodes {
  readonly #clock: Clock;
  readonly #rules: StatusRules;
  readonly #nodes: NodeTable;
  readonly #forget: (address: number) => void;
  readonly #startedAt: number;
  /** The root has sent a list of nodes that was not empty. */
  #hasList = false;
  #forgotten = 0;

  constructor(clock: Clock, rules: StatusRules, nodes: NodeTable, forget: (address: number) => void) {
    this.#clock = clock;
    this.#rules = rules;
    this.#nodes = nodes;
    this.#forget = forget;
    this.#startedAt = clock.monotonic();
  }

  /** How many were removed after a long silence. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The root has sent a list of nodes. */
  onList(): void {
    this.#hasList = true;
  }

  /** Another board is the root, or it has no nodes any more: it may not list nodes at all. */
  reset(): void {
    this.#hasList = false;
  }

  has(address: number): boolean {
    return this.#hasList && !isRootAddress(address) && !this.#nodes.find(address)?.isListed;
  }

  /** By rising address. */
  all(): MeshNode[] {
    if (!this.#hasList) return [];
    return this.#nodes.sorted().filter((node) => !node.isListed && !isRootAddress(node.address));
  }

  /** Removes those that have been silent for long: a noisy line would add to them without end. */
  forgetSilent(): void {
    const now = this.#clock.monotonic();
    const silentMs = (node: MeshNode) => node.silentMs(now, this.#startedAt);
    const silent = this.all()
      .filter((node) => silentMs(node) >= this.#rules.disconnectedAfterMs)
      .sort((a, b) => silentMs(b) - silentMs(a));
    silent.forEach((node, index) => {
      const isTooMany = index < silent.length - MAX_SILENT;
      if (!isTooMany && silentMs(node) < SILENT_KEPT_MS) return;
      this.#forgotten++;
      this.#forget(node.address);
    });
  }
}

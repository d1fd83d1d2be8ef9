import type { Clock } from '../base/clock.js';
import type { MeshNode, NodeStatus, StatusRules } from '../node/mesh-node.js';
import type { NodeTable } from '../node/node-table.js';
import type { HubEventContent } from './hub.js';

/** The status of each node: derived when read, with an event for each change while the link is up. */
export class NodeStatuses {
  readonly #clock: Clock;
  readonly #rules: StatusRules;
  readonly #nodes: NodeTable;
  readonly #publish: (content: HubEventContent) => void;
  /** Monotonic ms when the link came up; undefined while it is down. */
  #upSince: number | undefined;

  constructor(
    clock: Clock,
    rules: StatusRules,
    nodes: NodeTable,
    publish: (content: HubEventContent) => void,
  ) {
    this.#clock = clock;
    this.#rules = rules;
    this.#nodes = nodes;
    this.#publish = publish;
  }

  onLink(isUp: boolean): void {
    this.#upSince = isUp ? (this.#upSince ?? this.#clock.monotonic()) : undefined;
  }

  /** `now`: monotonic ms, read once by callers that go through many nodes. */
  of(node: MeshNode, now = this.#clock.monotonic()): NodeStatus {
    return node.status(this.#rules, now, this.#upSince);
  }

  /** Publishes an event if the status has changed since the last one. */
  update(node: MeshNode, now?: number): void {
    const status = this.of(node, now);
    if (this.#upSince === undefined || status === node.reportedStatus) return;
    node.reportedStatus = status;
    this.#publish({ kind: 'node', node: node.address, change: 'status', status });
  }

  /** The same for every node: some statuses change with time alone. */
  updateAll(): void {
    const now = this.#clock.monotonic();
    for (const node of this.#nodes.sorted()) this.update(node, now);
  }

  /** Addresses of the nodes with this status. */
  addressesOf(status: NodeStatus): number[] {
    return this.#nodes
      .sorted()
      .filter((node) => this.of(node) === status)
      .map(({ address }) => address);
  }

  countWhere(matches: (status: NodeStatus) => boolean): number {
    let count = 0;
    const now = this.#clock.monotonic();
    for (const node of this.#nodes.sorted()) {
      if (matches(this.of(node, now))) count++;
    }
    return count;
  }
}

import type { Clock } from '../base/clock.js';
import type { MeshNode } from '../node/mesh-node.js';
import type { NodeTable } from '../node/node-table.js';
import type { TimedValue } from '../node/node-values.js';
import type { DataType, DataTypes } from '../protocol/data-types.js';
import type { NodeNames } from '../protocol/node-names.js';
import type { Series } from './archive.js';
import type { NodeView } from './hub.js';
import type { NodeStatuses } from './node-statuses.js';

/** The nodes of the mesh and their values, for readers. */
export class NodeViews {
  readonly #clock: Clock;
  readonly #settings: { readonly names: NodeNames };
  readonly #dataTypes: DataTypes;
  readonly #nodes: NodeTable;
  readonly #statuses: NodeStatuses;

  /** `settings`: kept, not copied, since a reload changes the names. */
  constructor(
    clock: Clock,
    settings: { readonly names: NodeNames },
    dataTypes: DataTypes,
    nodes: NodeTable,
    statuses: NodeStatuses,
  ) {
    this.#clock = clock;
    this.#settings = settings;
    this.#dataTypes = dataTypes;
    this.#nodes = nodes;
    this.#statuses = statuses;
  }

  /** Every node, by rising address. */
  all(): NodeView[] {
    const now = this.#clock.monotonic();
    return this.#nodes.sorted().map((node) => this.#view(node, now));
  }

  /** The first `limit` nodes from this address on, by rising address. */
  from(address: number, limit: number): NodeView[] {
    const now = this.#clock.monotonic();
    return this.#nodes.sortedFrom(address, limit).map((node) => this.#view(node, now));
  }

  find(address: number): NodeView | undefined {
    const node = this.#nodes.find(address);
    return node && this.#view(node);
  }

  /** The newest value of a node and type. */
  latest(address: number, typeId: number): TimedValue | undefined {
    return this.#nodes.find(address)?.latest(typeId);
  }

  /** Every node and data type with a value, by rising address and id. */
  series(): Series[] {
    return this.#nodes
      .sorted()
      .flatMap((node) => node.typeIds().map((typeId) => ({ node: node.address, typeId })));
  }

  /** All values that are held of a node and type, oldest first. */
  valuesOf({ node, typeId }: Series): TimedValue[] {
    return this.#nodes.find(node)?.values(typeId) ?? [];
  }

  /** The uuids that are known, in hex. */
  uuids(): Set<string> {
    const uuids = new Set<string>();
    for (const { uuid } of this.#nodes.sorted()) if (uuid) uuids.add(uuid.toString('hex'));
    return uuids;
  }

  #view(node: MeshNode, now?: number): NodeView {
    const latestOf = () => this.#latestOf(node);
    const { address, uuid, lastHeardAt } = node;
    return {
      address,
      name: this.#settings.names.nameOf(address),
      status: this.#statuses.of(node, now),
      restored: node.isRestored,
      get latest() {
        return latestOf();
      },
      ...(uuid && { uuid }),
      ...(lastHeardAt !== undefined && { lastHeardAt }),
    };
  }

  #latestOf(node: MeshNode): NodeView['latest'] {
    const latest: { type: DataType; value: TimedValue }[] = [];
    for (const id of node.typeIds()) {
      const type = this.#dataTypes.findById(id);
      const value = node.latest(id);
      if (type && value) latest.push({ type, value });
    }
    return latest;
  }
}

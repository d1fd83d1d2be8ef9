import type { Clock } from '../base/clock.js';
import type { MeshNode, Moment, StatusRules } from '../node/mesh-node.js';
import { NodeTable } from '../node/node-table.js';
import type { TimedValue } from '../node/node-values.js';
import type { DataTypes } from '../protocol/data-types.js';
import { isRootAddress, type ListedNode, type Path, type ReportedValue } from '../protocol/message.js';
import type { NodeNames } from '../protocol/node-names.js';
import type { HubEventContent, Restored, Robot, RootView } from './hub.js';
import { NodeStatuses } from './node-statuses.js';
import { NodeViews } from './node-views.js';
import { RestoredNodes } from './restored-nodes.js';
import { UnlistedNodes } from './unlisted-nodes.js';

export interface MeshPictureSettings extends StatusRules {
  readonly maxNodes: number;
  /** Values kept in memory per node and data type. */
  readonly valuesKept: number;
  readonly names: NodeNames;
}

/** The one picture of the mesh: nodes, paths, the root, robots. Every change is passed to `publish`. */
export class MeshPicture {
  /** The read side. */
  readonly nodes: NodeViews;
  readonly statuses: NodeStatuses;
  readonly unlisted: UnlistedNodes;
  readonly #clock: Clock;
  readonly #settings: MeshPictureSettings;
  readonly #publish: (content: HubEventContent) => void;
  readonly #table: NodeTable;
  readonly #restored: RestoredNodes;
  #paths: readonly Path[] = [];
  #pathsAreRestored = false;
  #robots: readonly Robot[] = [];
  /** Set in this run: what is restored later does not replace them. */
  #hasPaths = false;
  #hasRobots = false;
  #rootHeard: Moment | undefined;
  #rootResets = 0;
  #evicted = 0;

  constructor(
    clock: Clock,
    settings: MeshPictureSettings,
    dataTypes: DataTypes,
    publish: (content: HubEventContent) => void,
  ) {
    this.#clock = clock;
    this.#settings = settings;
    this.#publish = publish;
    const table = new NodeTable(settings, (node) => this.#onEvicted(node));
    this.#table = table;
    this.#restored = new RestoredNodes(table, settings.maxNodes, publish);
    this.statuses = new NodeStatuses(clock, settings, table, publish);
    this.unlisted = new UnlistedNodes(clock, settings, table, (address) => this.forget(address));
    this.nodes = new NodeViews(clock, settings, dataTypes, table, this.statuses);
  }

  get paths(): readonly Path[] {
    return this.#paths;
  }

  /** They are from an earlier run; the root has not sent any since. */
  get pathsAreRestored(): boolean {
    return this.#pathsAreRestored;
  }

  get robots(): readonly Robot[] {
    return this.#robots;
  }

  get root(): RootView {
    const resets = this.#rootResets;
    const silentMs = this.#clock.monotonic() - this.rootHeardAtMonotonic;
    return { resets, silentMs, ...(this.#rootHeard && { lastHeardAt: this.#rootHeard.at }) };
  }

  /** Monotonic ms of the last frame; -Infinity before the first. */
  get rootHeardAtMonotonic(): number {
    return this.#rootHeard?.monotonic ?? Number.NEGATIVE_INFINITY;
  }

  counters() {
    return {
      nodes: this.#table.size,
      nodesEvicted: this.#evicted,
      doubtfulForgotten: this.unlisted.forgotten,
      rootResets: this.#rootResets,
    };
  }

  /** Starts from the state of an earlier run. Call before anything else; publishes no events. */
  restore({ nodes, paths, robots }: Restored): void {
    this.#restored.restore(nodes);
    this.#paths = paths;
    this.#pathsAreRestored = paths.length > 0;
    this.#robots = robots;
  }

  /** Adds the state of an earlier run where this run has none of its own, with an event for each change. */
  join({ nodes, paths, robots }: Restored): void {
    this.#restored.join(nodes);
    if (!this.#hasRobots && robots.length > 0) this.setRobots(robots);
    if (this.#hasPaths || paths.length === 0) return;
    this.setPaths(paths);
    this.#pathsAreRestored = true;
  }

  /** A frame came from the root, whichever node it is about. */
  onRootHeard(): void {
    this.#rootHeard = this.#moment();
  }

  onRootReset(): void {
    this.#rootResets++;
  }

  /** A message came from this node. `address`: 0x0001–0x7FFF. */
  onContact(address: number): MeshNode {
    const node = this.#touch(address);
    node.onContact(this.#moment());
    this.statuses.update(node);
    return node;
  }

  /** A node has sent its own uuid. That proves no more than any other message from this address. */
  onOwnUuid(node: MeshNode, uuid: Buffer): void {
    if (node.uuid?.equals(uuid)) return;
    node.uuid = uuid;
    this.#publish({ kind: 'node', node: node.address, change: 'identified' });
  }

  /** The root has sent a node's uuid. */
  onIdentified({ address, uuid }: ListedNode): void {
    const node = this.#touch(address);
    const isNews = !node.uuid?.equals(uuid);
    const isFirstListing = node.onListed(uuid);
    // Its silence raised no alarm while it was unlisted: report it again.
    if (isFirstListing && node.reportedStatus === 'disconnected') node.reportedStatus = undefined;
    this.statuses.update(node);
    if (isNews) this.#publish({ kind: 'node', node: address, change: 'identified' });
  }

  /** The root's list is complete: nodes that are not on it are missing. The root need not list its own address. */
  onListComplete(listed: readonly ListedNode[]): void {
    if (listed.length > 0) this.unlisted.onList();
    const addresses = new Set(listed.map(({ address }) => address));
    for (const node of this.#table.sorted()) {
      if (!addresses.has(node.address) && !isRootAddress(node.address)) node.onMissedInList();
    }
  }

  /** Returns false if there is no such node. It comes back when it is heard or listed. */
  forget(address: number): boolean {
    this.#restored.onForgotten(address);
    if (!this.#table.delete(address)) return false;
    this.#publish({ kind: 'node', node: address, change: 'forgotten' });
    return true;
  }

  setPaths(paths: readonly Path[]): void {
    this.#paths = paths;
    this.#pathsAreRestored = false;
    this.#hasPaths = true;
    this.#publish({ kind: 'paths', paths });
  }

  setRobots(robots: readonly Robot[]): void {
    this.#robots = robots;
    this.#hasRobots = true;
    this.#publish({ kind: 'robots', robots });
  }

  store(node: MeshNode, { type, bytes, deviceTime }: ReportedValue): void {
    const common = { receivedAt: this.#clock.now(), bytes };
    const value: TimedValue = deviceTime === undefined ? common : { ...common, deviceTime };
    node.store(type.id, value);
    this.#publish({ kind: 'value', node: node.address, type, value });
  }

  /** The root was ordered to restart: every node is disconnected until it is heard again. */
  onRootRestart(): void {
    for (const node of this.#table.sorted()) node.onRootRestart();
    this.statuses.updateAll();
  }

  /** The root was ordered to forget its network. */
  forgetAll(): void {
    const forgotten = this.#table.sorted();
    this.#table.clear();
    this.unlisted.reset();
    this.#restored.onAllForgotten();
    for (const { address } of forgotten) this.#publish({ kind: 'node', node: address, change: 'forgotten' });
    this.setPaths([]);
  }

  /** Why a node has its status; undefined if there is no such node. */
  explain(address: number): string[] | undefined {
    const facts = this.#table.find(address)?.explain(this.#settings, this.#clock.monotonic());
    if (!facts || !this.unlisted.has(address)) return facts;
    return [...facts, 'never listed by the root: raises no alarms'];
  }

  #touch(address: number): MeshNode {
    const { node, isNew } = this.#table.touch(address);
    if (isNew) this.#publish({ kind: 'node', node: address, change: 'added' });
    return node;
  }

  #moment(): Moment {
    return { at: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }

  #onEvicted(node: MeshNode): void {
    this.#evicted++;
    this.#restored.onForgotten(node.address);
    this.#publish({ kind: 'node', node: node.address, change: 'forgotten' });
  }
}

import type { Clock } from '../base/clock.js';
import type { MeshNode, Moment, NodeStatus, StatusRules } from '../node/mesh-node.js';
import { NodeTable } from '../node/node-table.js';
import type { TimedValue } from '../node/node-values.js';
import type { DataType, DataTypes } from '../protocol/data-types.js';
import { isRootAddress, type ListedNode, type Path, type ReportedValue } from '../protocol/message.js';
import type { NodeNames } from '../protocol/node-names.js';
import type { Series } from './archive.js';
import type {
  HubEventContent,
  NodeView,
  Restored,
  RestoredNode,
  Robot,
  RootView,
  ValueRange,
} from './hub.js';

export interface MeshPictureSettings extends StatusRules {
  readonly maxNodes: number;
  /** Values kept in memory per node and data type. */
  readonly valuesKept: number;
  readonly names: NodeNames;
}

/** Nodes that the root has never listed, and that are silent, are kept so long, and no more of them than this. */
const DOUBTFUL_KEPT_MS = 24 * 60 * 60 * 1000;
const MAX_SILENT_DOUBTFUL = 256;

/** The one picture of the mesh: nodes, paths, the root, robots. Tells `publish` what changes. */
export class MeshPicture {
  readonly #clock: Clock;
  readonly #settings: MeshPictureSettings;
  readonly #dataTypes: DataTypes;
  readonly #publish: (content: HubEventContent) => void;
  readonly #nodes: NodeTable;
  #paths: readonly Path[] = [];
  #pathsAreRestored = false;
  #robots: readonly Robot[] = [];
  #rootHeard: Moment | undefined;
  /** Monotonic ms since when the link has been up, while it is. */
  #upSince: number | undefined;
  #rootResets = 0;
  /** The root has given a list of nodes that was not empty: what it never lists may be a disturbed address. */
  #hasList = false;
  #evicted = 0;
  #doubtfulForgotten = 0;
  readonly #startedAt: number;
  /** What was forgotten, or told, in this run: a file that is read late does not change it. */
  readonly #forgotten = new Set<number>();
  #isAllForgotten = false;
  #hasPaths = false;
  #hasRobots = false;

  constructor(
    clock: Clock,
    settings: MeshPictureSettings,
    dataTypes: DataTypes,
    publish: (content: HubEventContent) => void,
  ) {
    this.#clock = clock;
    this.#settings = settings;
    this.#dataTypes = dataTypes;
    this.#publish = publish;
    this.#startedAt = clock.monotonic();
    this.#nodes = new NodeTable(settings, (node) => this.#onEvicted(node));
  }

  get paths(): readonly Path[] {
    return this.#paths;
  }

  /** They are from an earlier run; the root has not told them since. */
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
      nodes: this.#nodes.size,
      nodesEvicted: this.#evicted,
      doubtfulForgotten: this.#doubtfulForgotten,
      rootResets: this.#rootResets,
    };
  }

  /** Takes over what an earlier run has left; to be called before anything else, and no event tells it. */
  restore({ nodes, paths, robots }: Restored): void {
    for (const { address, uuid, lastHeardAt, values } of nodes) {
      const { node } = this.#nodes.touch(address);
      node.onRestored(uuid, lastHeardAt);
      for (const { typeId, value } of values) node.store(typeId, value);
    }
    this.#paths = paths;
    this.#pathsAreRestored = paths.length > 0;
    this.#robots = robots;
  }

  /**
   * Takes over what an earlier run has left, where this run knows nothing itself; events say so. Nodes that this run has
   * forgotten, and those that there is no room for, stay forgotten.
   */
  join({ nodes, paths, robots }: Restored): void {
    const wanted = nodes.filter(({ address }) => !this.#isAllForgotten && !this.#forgotten.has(address));
    const unknown = wanted.filter(({ address }) => !this.#nodes.find(address));
    const room = Math.max(0, this.#settings.maxNodes - this.#nodes.size);
    const taken = unknown.slice(Math.max(0, unknown.length - room));
    this.#nodes.addOlder(taken.map(({ address }) => address));
    for (const { address } of taken) this.#publish({ kind: 'node', node: address, change: 'added' });
    for (const restored of wanted) this.#joinNode(restored);
    for (const { address } of nodes) {
      if (!this.#nodes.find(address)) this.#publish({ kind: 'node', node: address, change: 'forgotten' });
    }
    if (!this.#hasRobots && robots.length > 0) this.setRobots(robots);
    if (this.#hasPaths || paths.length === 0) return;
    this.setPaths(paths);
    this.#pathsAreRestored = true;
  }

  #joinNode({ address, uuid, lastHeardAt, values }: RestoredNode): void {
    const node = this.#nodes.find(address);
    if (!node) return;
    const isIdentified = node.uuid !== undefined;
    node.onRestoredLate(uuid, lastHeardAt);
    for (const { typeId, value } of values) if (!node.latest(typeId)) node.store(typeId, value);
    if (!isIdentified && node.uuid) this.#publish({ kind: 'node', node: address, change: 'identified' });
  }

  onLink(isUp: boolean): void {
    this.#upSince = isUp ? (this.#upSince ?? this.#clock.monotonic()) : undefined;
  }

  /** A frame came from the root, whoever it speaks for. */
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
    this.#tellStatus(node);
    return node;
  }

  /** A node has told its own uuid. That proves no more than any other message from this address. */
  onOwnUuid(node: MeshNode, uuid: Buffer): void {
    if (node.uuid?.equals(uuid)) return;
    node.uuid = uuid;
    this.#publish({ kind: 'node', node: node.address, change: 'identified' });
  }

  /** The root has told a node's uuid. */
  onIdentified({ address, uuid }: ListedNode): void {
    const node = this.#touch(address);
    const isNews = !node.uuid?.equals(uuid);
    const isFirstListing = node.onListed(uuid);
    // That it is silent was no cause for alarm before.
    if (isFirstListing && node.toldStatus === 'disconnected') node.toldStatus = undefined;
    this.#tellStatus(node);
    if (isNews) this.#publish({ kind: 'node', node: address, change: 'identified' });
  }

  /** The root's list is complete: whoever is not on it was missed. The root need not list its own address. */
  onListComplete(listed: readonly ListedNode[]): void {
    if (listed.length > 0) this.#hasList = true;
    const addresses = new Set(listed.map(({ address }) => address));
    for (const node of this.#nodes.sorted()) {
      if (!addresses.has(node.address) && !isRootAddress(node.address)) node.onMissedInList();
    }
  }

  /** Another board is the root: whether it lists its nodes is not known. */
  onRootChanged(): void {
    this.#hasList = false;
  }

  /** True while the root lists nodes, but has never listed this one: its address may be a disturbed one. */
  isDoubtful(address: number): boolean {
    return this.#hasList && !isRootAddress(address) && !this.#nodes.find(address)?.isListed;
  }

  /** The doubtful nodes, by rising address. */
  doubtful(): number[] {
    return this.#doubtful().map(({ address }) => address);
  }

  /** Forgets doubtful nodes that have been silent for long: a disturbed line would add to them without end. */
  forgetDoubtful(): void {
    const now = this.#clock.monotonic();
    const silentMs = (node: MeshNode) => node.silentMs(now, this.#startedAt);
    const silent = this.#doubtful()
      .filter((node) => silentMs(node) >= this.#settings.disconnectedAfterMs)
      .sort((a, b) => silentMs(b) - silentMs(a));
    silent.forEach((node, index) => {
      const isTooMany = index < silent.length - MAX_SILENT_DOUBTFUL;
      if (!isTooMany && silentMs(node) < DOUBTFUL_KEPT_MS) return;
      this.#doubtfulForgotten++;
      this.forget(node.address);
    });
  }

  /** False when there is no such node. It comes back when it is heard or listed. */
  forget(address: number): boolean {
    this.#forgotten.add(address);
    if (!this.#nodes.delete(address)) return false;
    this.#publish({ kind: 'node', node: address, change: 'forgotten' });
    return true;
  }

  /** Tells whose status has changed because time has passed. */
  tellStatuses(): void {
    const now = this.#clock.monotonic();
    for (const node of this.#nodes.sorted()) this.#tellStatus(node, now);
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

  /** The root was told to restart: every node is disconnected until it is heard again. */
  onRootRestart(): void {
    for (const node of this.#nodes.sorted()) node.onRootRestart();
    this.tellStatuses();
  }

  /** The root was told to forget its network. */
  forgetAll(): void {
    const forgotten = this.#nodes.sorted();
    this.#nodes.clear();
    this.#hasList = false;
    this.#isAllForgotten = true;
    for (const { address } of forgotten) this.#publish({ kind: 'node', node: address, change: 'forgotten' });
    this.setPaths([]);
  }

  /** Every node, by rising address. */
  views(): NodeView[] {
    const now = this.#clock.monotonic();
    return this.#nodes.sorted().map((node) => this.#view(node, now));
  }

  /** The first `limit` nodes from this address on, by rising address. */
  viewsFrom(address: number, limit: number): NodeView[] {
    const now = this.#clock.monotonic();
    return this.#nodes.sortedFrom(address, limit).map((node) => this.#view(node, now));
  }

  findView(address: number): NodeView | undefined {
    const node = this.#nodes.find(address);
    return node && this.#view(node);
  }

  /** The newest value of a node and type. */
  latest(address: number, typeId: number): TimedValue | undefined {
    return this.#nodes.find(address)?.latest(typeId);
  }

  /** The values that are held of a node and type in a time range, oldest first. */
  values({ node, typeId, from, to }: ValueRange): TimedValue[] {
    const held = this.#nodes.find(node)?.values(typeId) ?? [];
    return held.filter(({ receivedAt }) => receivedAt >= from && receivedAt <= to);
  }

  /** Every node and data type that there is a value of, by rising address and id. */
  series(): Series[] {
    return this.#nodes
      .sorted()
      .flatMap((node) => node.typeIds().map((typeId) => ({ node: node.address, typeId })));
  }

  /** All values that are held of a node and type, oldest first. */
  valuesOf({ node, typeId }: Series): TimedValue[] {
    return this.#nodes.find(node)?.values(typeId) ?? [];
  }

  /** Of every node that has told one, in hex. */
  uuids(): Set<string> {
    const uuids = new Set<string>();
    for (const { uuid } of this.#nodes.sorted()) if (uuid) uuids.add(uuid.toString('hex'));
    return uuids;
  }

  /** The facts behind a node's status; undefined when there is no such node. */
  explain(address: number): string[] | undefined {
    const facts = this.#nodes.find(address)?.explain(this.#settings, this.#clock.monotonic());
    if (!facts || !this.isDoubtful(address)) return facts;
    return [...facts, 'never listed by the root, which lists others: it raises no alarm'];
  }

  /** Addresses of the nodes with this status. */
  addressesOf(status: NodeStatus): number[] {
    return this.#nodes
      .sorted()
      .filter((node) => this.#statusOf(node) === status)
      .map(({ address }) => address);
  }

  countWhere(matches: (status: NodeStatus) => boolean): number {
    let count = 0;
    const now = this.#clock.monotonic();
    for (const node of this.#nodes.sorted()) {
      if (matches(this.#statusOf(node, now))) count++;
    }
    return count;
  }

  #doubtful(): MeshNode[] {
    if (!this.#hasList) return [];
    return this.#nodes.sorted().filter((node) => !node.isListed && !isRootAddress(node.address));
  }

  #touch(address: number): MeshNode {
    const { node, isNew } = this.#nodes.touch(address);
    if (isNew) this.#publish({ kind: 'node', node: address, change: 'added' });
    return node;
  }

  #tellStatus(node: MeshNode, now?: number): void {
    const status = this.#statusOf(node, now);
    if (this.#upSince === undefined || status === node.toldStatus) return;
    node.toldStatus = status;
    this.#publish({ kind: 'node', node: node.address, change: 'status', status });
  }

  #view(node: MeshNode, now?: number): NodeView {
    const latestOf = () => this.#latestOf(node);
    const { address, uuid, lastHeardAt } = node;
    return {
      address,
      name: this.#settings.names.nameOf(address),
      status: this.#statusOf(node, now),
      restored: node.isRestored,
      get latest() {
        return latestOf();
      },
      ...(uuid && { uuid }),
      ...(lastHeardAt !== undefined && { lastHeardAt }),
    };
  }

  /** `now`: by the monotonic clock, where many are asked at once. */
  #statusOf(node: MeshNode, now = this.#clock.monotonic()): NodeStatus {
    return node.status(this.#settings, now, this.#upSince);
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

  #moment(): Moment {
    return { at: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }

  #onEvicted(node: MeshNode): void {
    this.#evicted++;
    this.#forgotten.add(node.address);
    this.#publish({ kind: 'node', node: node.address, change: 'forgotten' });
  }
}

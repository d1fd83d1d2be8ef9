/** The page's picture of the mesh. Updated by batches of events; each topic is notified once per batch. */
import type {
  AlarmInfo,
  DeliveryInfo,
  DeviceInfo,
  LinkInfo,
  MeshEvent,
  MessageInfo,
  NodeInfo,
  NodeStatusName,
  PathInfo,
  RobotInfo,
  RootInfo,
  Snapshot,
} from '../../api/shapes.js';
import { CommandLog } from './command-log.js';
import { DeviceList } from './device-list.js';
import type { DeviceRecord } from './device-record.js';
import { NodeRecord } from './node-record.js';
import { Rate } from './rate.js';
import { Topic } from './topic.js';
import { TrafficLog } from './traffic-log.js';

/** Deliveries kept; forms show only the newest. */
const MAX_DELIVERIES = 200;
/** Addresses of the root: 0 for its own messages, 1 in the mesh. */
const LAST_ROOT_ADDRESS = 1;

const TOPICS = ['nodes', 'devices', 'link', 'paths', 'robots', 'alarms', 'deliveries', 'traffic'] as const;
type TopicName = (typeof TOPICS)[number];

export type StatusCounts = Readonly<Record<NodeStatusName, number>>;

const NO_NODES: StatusCounts = { active: 0, idle: 0, disconnected: 0, unheard: 0, unknown: 0 };

/** Every status of a node, in the order in which the page lists them. */
export const STATUSES = Object.keys(NO_NODES) as NodeStatusName[];

export class Store {
  readonly nodes = new Map<number, NodeRecord>();
  readonly devices = new DeviceList();
  link: LinkInfo | undefined;
  root: RootInfo = { lastHeardAt: null, resets: 0 };
  paths: readonly PathInfo[] = [];
  robots: readonly RobotInfo[] = [];
  readonly alarms = new Map<string, AlarmInfo>();
  readonly deliveries = new Map<string, DeliveryInfo>();
  readonly commands = new CommandLog();
  readonly log = new TrafficLog();
  readonly rate = new Rate();
  readonly topics: Readonly<Record<TopicName, Topic>>;
  /** The snapshot includes events up to this one; the log may not have them yet. */
  #snapshotSeq = 0;
  readonly #changed = new Set<TopicName>();
  readonly #changedRecords = new Set<NodeRecord | DeviceRecord>();

  constructor() {
    this.topics = Object.fromEntries(TOPICS.map((name) => [name, new Topic()])) as Record<TopicName, Topic>;
  }

  /** Changes with every snapshot. */
  get snapshotSeq(): number {
    return this.#snapshotSeq;
  }

  get isLinkUp(): boolean {
    return this.link?.state === 'up';
  }

  /** While the link is down, the status of a node that was heard is unknown. */
  statusOf({ status }: NodeInfo): NodeStatusName {
    return this.isLinkUp || status === 'unheard' ? status : 'unknown';
  }

  countStatuses(): StatusCounts {
    const counts = { ...NO_NODES };
    for (const { info } of this.nodes.values()) counts[this.statusOf(info)]++;
    return counts;
  }

  /** Unacknowledged alarms first, then the newest first. */
  openAlarms(): AlarmInfo[] {
    return [...this.alarms.values()].sort(
      (a, b) => Number(a.acknowledged) - Number(b.acknowledged) || b.lastAt - a.lastAt,
    );
  }

  replaceAll(snapshot: Snapshot): void {
    this.#snapshotSeq = snapshot.seq;
    this.link = snapshot.link;
    this.root = snapshot.root;
    this.paths = snapshot.paths;
    this.robots = snapshot.robots;
    this.alarms.clear();
    for (const alarm of snapshot.alarms) this.alarms.set(alarm.id, alarm);
    this.replaceNodes(snapshot.nodes);
    // A gateway of a fleet may be a version without devices.
    this.replaceDevices(snapshot.devices ?? []);
    for (const name of TOPICS) this.#changed.add(name);
  }

  /** Replaces the full list of nodes. */
  replaceNodes(nodes: readonly NodeInfo[]): void {
    const listed = new Set(nodes.map(({ address }) => address));
    for (const address of this.nodes.keys()) if (!listed.has(address)) this.nodes.delete(address);
    for (const info of nodes) this.replaceNode(info);
  }

  replaceDevices(devices: readonly DeviceInfo[]): void {
    this.devices.replaceAll(devices);
    for (const record of this.devices.all()) this.#changedRecords.add(record);
    this.#changed.add('devices');
  }

  replaceNode(info: NodeInfo): void {
    const record = this.nodes.get(info.address);
    if (record) record.replace(info);
    else this.nodes.set(info.address, new NodeRecord(info));
    this.#touch(this.nodes.get(info.address));
  }

  /** The gateway's event numbers have restarted: lower numbers are new events. */
  restartNumbering(): void {
    this.#snapshotSeq = 0;
    this.log.restart();
  }

  note(at: number, text: string): void {
    this.log.note(at, text);
    this.#changed.add('traffic');
  }

  apply(event: MeshEvent): void {
    if (this.log.add(event)) this.#changed.add('traffic');
    if (event.kind === 'message') this.rate.count(event.at);
    const isNew = event.seq > this.#snapshotSeq;
    if (event.kind === 'value' && event.value.device !== undefined) this.#onDevice(event, isNew);
    else if (event.kind === 'node' && event.device !== undefined) this.#onDevice(event, isNew);
    else if (event.kind === 'value') this.#onValue(event, isNew);
    else if (event.kind === 'node') this.#onNode(event, isNew);
    else if (event.kind === 'delivery' && event.delivery.command) this.onCommands([event.delivery]);
    else if (isNew) this.#onNewEvent(event);
  }

  setDelivery(delivery: DeliveryInfo): void {
    this.deliveries.delete(delivery.id);
    this.deliveries.set(delivery.id, delivery);
    const [oldest] = this.deliveries.keys();
    if (this.deliveries.size > MAX_DELIVERIES && oldest !== undefined) this.deliveries.delete(oldest);
    this.#changed.add('deliveries');
  }

  /** Commands to devices, each in its latest state. */
  onCommands(deliveries: readonly DeliveryInfo[]): void {
    for (const delivery of deliveries) this.commands.put(delivery);
    this.#changed.add('deliveries');
  }

  /** Images are in no event: they count as a sign of life. */
  onDeviceDetails({ id, lastHeardAt }: DeviceInfo): void {
    const record = this.devices.find(id);
    if (!record || lastHeardAt === null || lastHeardAt <= (record.info.lastHeardAt ?? 0)) return;
    record.info = { ...record.info, lastHeardAt, restored: false };
    this.#changedRecords.add(record);
  }

  /** Notifies the topics that have changed since the last call. */
  notify(): void {
    const names = [...this.#changed];
    const records = [...this.#changedRecords];
    this.#changed.clear();
    this.#changedRecords.clear();
    for (const name of names) this.topics[name].notify();
    for (const { topic } of records) topic.notify();
  }

  #onNewEvent(event: MeshEvent): void {
    switch (event.kind) {
      case 'message':
        this.#onHeard(event.message, event.at);
        break;
      case 'paths':
        this.paths = event.paths;
        this.#changed.add('paths');
        break;
      case 'robots':
        this.robots = event.robots;
        this.#changed.add('robots');
        break;
      case 'link':
        this.link = event.link;
        this.#changed.add('link').add('nodes');
        break;
      case 'delivery':
        if (this.deliveries.has(event.delivery.id)) this.setDelivery(event.delivery);
        break;
      case 'alarm':
        this.#onAlarm(event.alarm);
        break;
      default:
    }
  }

  /** An alarm is open while it is active or not acknowledged. */
  #onAlarm(alarm: AlarmInfo): void {
    if (alarm.acknowledged && !alarm.active) this.alarms.delete(alarm.id);
    else this.alarms.set(alarm.id, alarm);
    this.#changed.add('alarms');
  }

  #onValue({ value }: Extract<MeshEvent, { kind: 'value' }>, isNew: boolean): void {
    const record = this.nodes.get(value.node);
    record?.onNewValue(value, isNew);
    this.#touch(record);
  }

  /** Values change one device; who is there, and their status, also change the list. */
  #onDevice(event: Extract<MeshEvent, { kind: 'value' | 'node' }>, isNew: boolean): void {
    let record: DeviceRecord | undefined;
    if (event.kind === 'node') record = this.devices.onNode(event, isNew);
    else if (isNew) record = this.devices.onValue(event);
    if (record) this.#changedRecords.add(record);
    if (event.kind === 'node') this.#changed.add('devices');
  }

  #onNode({ seq, node, at, change, status }: Extract<MeshEvent, { kind: 'node' }>, isNew: boolean): void {
    const record = this.nodes.get(node) ?? (isNew && change !== 'forgotten' ? this.#add(node) : undefined);
    record?.changes.push({ seq, at, change, status });
    if (isNew && change === 'forgotten') this.nodes.delete(node);
    if (isNew && status && record) record.info = { ...record.info, status };
    this.#touch(record);
    this.#changed.add('nodes');
  }

  /** Adds a node of which only the address is known. */
  #add(address: number): NodeRecord {
    const record = new NodeRecord({
      address,
      name: `Node-${address}`,
      uuid: null,
      status: 'unheard',
      restored: false,
      lastHeardAt: null,
      values: [],
    });
    this.nodes.set(address, record);
    return record;
  }

  /** A text with a detail is the root's report about a node, not a sign of life from it. */
  #onHeard({ from, text, detail }: MessageInfo, at: number): void {
    this.root = { ...this.root, lastHeardAt: at };
    const isReport = text !== null && detail !== null;
    if (from > LAST_ROOT_ADDRESS && !isReport) {
      const record = this.nodes.get(from);
      record?.onHeard(at);
      this.#touch(record);
    }
  }

  #touch(record: NodeRecord | undefined): void {
    if (!record) return;
    this.#changedRecords.add(record);
    this.#changed.add('nodes');
  }
}

/** The page's picture of the mesh. Changed by batches of events; each part tells its topic once a batch. */
import type {
  AlarmInfo,
  DeliveryInfo,
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
import { NodeRecord } from './node-record.js';
import { Rate } from './rate.js';
import { Topic } from './topic.js';
import { TrafficLog } from './traffic-log.js';

/** Deliveries that the page follows; older ones are of no use to who sent them. */
const MAX_DELIVERIES = 200;
/** Addresses of the root: its own, and that which it has in the mesh. */
const LAST_ROOT_ADDRESS = 1;

const TOPICS = ['nodes', 'link', 'paths', 'robots', 'alarms', 'deliveries', 'traffic'] as const;
type TopicName = (typeof TOPICS)[number];

export type StatusCounts = Readonly<Record<NodeStatusName, number>>;

const NO_NODES: StatusCounts = { active: 0, idle: 0, disconnected: 0, unheard: 0, unknown: 0 };

/** Every status of a node, in the order in which the page lists them. */
export const STATUSES = Object.keys(NO_NODES) as NodeStatusName[];

export class Store {
  readonly nodes = new Map<number, NodeRecord>();
  link: LinkInfo | undefined;
  root: RootInfo = { lastHeardAt: null, resets: 0 };
  paths: readonly PathInfo[] = [];
  robots: readonly RobotInfo[] = [];
  readonly alarms = new Map<string, AlarmInfo>();
  readonly deliveries = new Map<string, DeliveryInfo>();
  readonly log = new TrafficLog();
  readonly rate = new Rate();
  readonly topics: Readonly<Record<TopicName, Topic>>;
  /** Events up to this one are in the picture already; the log may still want them. */
  #pictureSeq = 0;
  readonly #changed = new Set<TopicName>();
  readonly #changedNodes = new Set<NodeRecord>();

  constructor() {
    this.topics = Object.fromEntries(TOPICS.map((name) => [name, new Topic()])) as Record<TopicName, Topic>;
  }

  get isLinkUp(): boolean {
    return this.link?.state === 'up';
  }

  /** Without a link nothing is known of a node that was heard. */
  statusOf({ status }: NodeInfo): NodeStatusName {
    return this.isLinkUp || status === 'unheard' ? status : 'unknown';
  }

  countStatuses(): StatusCounts {
    const counts = { ...NO_NODES };
    for (const { info } of this.nodes.values()) counts[this.statusOf(info)]++;
    return counts;
  }

  /** Alarms that are still to be acknowledged come first, then the newest. */
  openAlarms(): AlarmInfo[] {
    return [...this.alarms.values()].sort(
      (a, b) => Number(a.acknowledged) - Number(b.acknowledged) || b.lastAt - a.lastAt,
    );
  }

  replaceAll(snapshot: Snapshot): void {
    this.#pictureSeq = snapshot.seq;
    this.link = snapshot.link;
    this.root = snapshot.root;
    this.paths = snapshot.paths;
    this.robots = snapshot.robots;
    this.alarms.clear();
    for (const alarm of snapshot.alarms) this.alarms.set(alarm.id, alarm);
    this.replaceNodes(snapshot.nodes);
    for (const name of TOPICS) this.#changed.add(name);
  }

  /** Takes the whole list of nodes; those that are not on it are gone. */
  replaceNodes(nodes: readonly NodeInfo[]): void {
    const listed = new Set(nodes.map(({ address }) => address));
    for (const address of this.nodes.keys()) if (!listed.has(address)) this.nodes.delete(address);
    for (const info of nodes) this.replaceNode(info);
  }

  replaceNode(info: NodeInfo): void {
    const record = this.nodes.get(info.address);
    if (record) record.replace(info);
    else this.nodes.set(info.address, new NodeRecord(info));
    this.#touch(this.nodes.get(info.address));
  }

  /** The gateway numbers its events anew: what it says now is not what was seen before. */
  restartNumbering(): void {
    this.#pictureSeq = 0;
    this.log.restart();
  }

  note(at: number, text: string): void {
    this.log.note(at, text);
    this.#changed.add('traffic');
  }

  apply(event: MeshEvent): void {
    if (this.log.take(event)) this.#changed.add('traffic');
    if (event.kind === 'message') this.rate.count(event.at);
    const isNews = event.seq > this.#pictureSeq;
    if (event.kind === 'value') this.#onValue(event, isNews);
    else if (event.kind === 'node') this.#onNode(event, isNews);
    else if (isNews) this.#onNews(event);
  }

  setDelivery(delivery: DeliveryInfo): void {
    this.deliveries.delete(delivery.id);
    this.deliveries.set(delivery.id, delivery);
    const [oldest] = this.deliveries.keys();
    if (this.deliveries.size > MAX_DELIVERIES && oldest !== undefined) this.deliveries.delete(oldest);
    this.#changed.add('deliveries');
  }

  /** Tells who watches what has changed since the last time. */
  tell(): void {
    const names = [...this.#changed];
    const records = [...this.#changedNodes];
    this.#changed.clear();
    this.#changedNodes.clear();
    for (const name of names) this.topics[name].notify();
    for (const { topic } of records) topic.notify();
  }

  #onNews(event: MeshEvent): void {
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

  /** One that is over and acknowledged is closed. */
  #onAlarm(alarm: AlarmInfo): void {
    if (alarm.acknowledged && !alarm.active) this.alarms.delete(alarm.id);
    else this.alarms.set(alarm.id, alarm);
    this.#changed.add('alarms');
  }

  #onValue({ value }: Extract<MeshEvent, { kind: 'value' }>, isNews: boolean): void {
    const record = this.nodes.get(value.node);
    record?.onNewValue(value, isNews);
    this.#touch(record);
  }

  #onNode({ seq, node, at, change, status }: Extract<MeshEvent, { kind: 'node' }>, isNews: boolean): void {
    const record = this.nodes.get(node) ?? (isNews && change !== 'forgotten' ? this.#add(node) : undefined);
    record?.changes.push({ seq, at, change, status });
    if (isNews && change === 'forgotten') this.nodes.delete(node);
    if (isNews && status && record) record.info = { ...record.info, status };
    this.#touch(record);
    this.#changed.add('nodes');
  }

  /** A node of which no more is known yet than that it is there. */
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

  /** Text with a detail is the root's about a node: no contact with that node. */
  #onHeard({ from, text, detail }: MessageInfo, at: number): void {
    this.root = { ...this.root, lastHeardAt: at };
    const isComplaint = text !== null && detail !== null;
    if (from > LAST_ROOT_ADDRESS && !isComplaint) {
      const record = this.nodes.get(from);
      record?.onHeard(at);
      this.#touch(record);
    }
  }

  #touch(record: NodeRecord | undefined): void {
    if (!record) return;
    this.#changedNodes.add(record);
    this.#changed.add('nodes');
  }
}

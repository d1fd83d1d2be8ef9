/**
 * The understanding: bodies from the root become the picture and events, commands of clients become bodies to the
 * root. Knows neither ports nor sockets: it is given a way to the UART, a clock and a log.
 */
import { cleanText } from '../clean-text.js';
import { type CancelTimer, type Clock, every } from '../clock.js';
import { Counters } from '../counters.js';
import type { Log } from '../log.js';
import type { TimedValue } from '../node/value-queue.js';
import { isUnicast } from '../protocol/address.js';
import {
  decodeMessage,
  type ListedNode,
  MALFORMED_REASONS,
  type MalformedReason,
  type Message,
  type Path,
  type Tables,
} from '../protocol/message.js';
import { encodeRootCommand, type RootCommand } from '../protocol/root-command.js';
import type { LinkStatus } from '../uart/link-keeper.js';
import { SendError, type SendFailure } from '../uart/transmitter.js';
import { type Alarm, Alarms } from './alarms.js';
import { Deliveries, type Delivery, type DeliveryFailure, type Expectation } from './deliveries.js';
import { EventFeed } from './event-feed.js';
import {
  type Command,
  type Hub,
  type HubEvent,
  type HubEventContent,
  isAlive,
  type NodeView,
  type Outcome,
  type Replay,
  type Robot,
  type RootView,
  type Sending,
  type ValueRange,
} from './hub.js';
import { ListGatherer } from './list-gatherer.js';
import { MeshPicture, type PictureSettings } from './mesh-picture.js';
import { MeshWatch, type WatchSettings } from './mesh-watch.js';
import { goesToListeners, handleMessage, type MessageEffects } from './message-handlers.js';
import { addressNamed } from './node-names.js';

export interface NetworkSettings extends PictureSettings, WatchSettings {
  /** Events that a client can still resume from. */
  readonly eventsHeld: number;
  /** ms of silence behind a full batch of a list after which no further one is coming. */
  readonly batchQuietMs: number;
  /** ms between two lists of nodes from the root; 0 = only when a client asks. */
  readonly refreshEveryMs: number;
  /** Bytes of a message to an edge device. */
  readonly maxMessageLength: number;
}

/** What the network manager needs of the UART. */
export interface ToUart {
  send(owner: string, body: Buffer, onUncertain?: () => void): Promise<void>;
  onHalfMessage(): string;
  counters(): unknown;
}

export interface NetworkParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly tables: Tables;
  readonly settings: NetworkSettings;
  readonly uart: ToUart;
}

/** Until the root has spoken it is asked this often: it takes several seconds to boot. */
const PROBE_EVERY_MS = 5000;
/** The owner of what the gateway itself sends. */
const GATEWAY = 'gateway';

const MALFORMED = Object.keys(MALFORMED_REASONS) as MalformedReason[];
const MESSAGE_KINDS = [
  'netInfo',
  'pathInfo',
  'nodeInfo',
  'rootReset',
  'values',
  'opaque',
  'text',
  'unknown',
  'malformed',
] as const satisfies readonly Message['kind'][];

export class NetworkManager implements Hub {
  readonly #parts: NetworkParts;
  readonly #feed: EventFeed;
  readonly #picture: MeshPicture;
  readonly #alarms: Alarms;
  readonly #deliveries: Deliveries;
  readonly #watch: MeshWatch;
  readonly #effects: MessageEffects;
  readonly #nodeLists: ListGatherer<ListedNode>;
  readonly #pathLists: ListGatherer<Path>;
  readonly #messages = new Counters<Message['kind']>(MESSAGE_KINDS);
  readonly #malformed = new Counters<MalformedReason>(MALFORMED);
  #link: LinkStatus = { state: 'stopped', since: 0 };
  #cancelRefresh: CancelTimer = () => {};
  /** The frame in hand is the first one since the gateway started. */
  #isFirstWord = true;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
    const { clock, settings, tables } = parts;
    this.#feed = new EventFeed(clock, settings.eventsHeld);
    this.#alarms = new Alarms(clock, (alarm) => this.#publish({ kind: 'alarm', alarm }));
    this.#deliveries = new Deliveries(clock, (delivery) => this.#publish({ kind: 'delivery', delivery }));
    this.#picture = new MeshPicture(clock, settings, tables.dataTypes, (content) => this.#publish(content));
    this.#watch = new MeshWatch(clock, settings, this.#alarms, this.#picture);
    const { batchQuietMs } = settings;
    this.#nodeLists = new ListGatherer(clock, batchQuietMs, (nodes) => this.#picture.onListComplete(nodes));
    this.#pathLists = new ListGatherer(clock, batchQuietMs, (paths) => this.#picture.setPaths(paths));
    this.#effects = {
      picture: this.#picture,
      nodeLists: this.#nodeLists,
      pathLists: this.#pathLists,
      log: parts.log,
      onHalfMessage: () => this.#onHalfMessage(),
      onRootReset: () => this.#onRootReset(),
    };
  }

  /** Begins to watch the passing of time. */
  start(): void {
    this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
    this.#cancelRefresh();
  }

  get tables(): Tables {
    return this.#parts.tables;
  }

  /** A body from the root. */
  onFrame(body: Buffer): void {
    this.#isFirstWord = this.#picture.root.lastHeardAt === undefined;
    this.#picture.onRootHeard();
    const message = decodeMessage(body, this.#parts.tables);
    this.#messages.add(message.kind);
    if (message.kind === 'malformed') this.#onMalformed(message.from, message.reason);
    handleMessage(message, this.#effects);
    this.#publish({ kind: 'message', message, toListeners: goesToListeners(message) });
    this.#deliveries.onMessage(message);
  }

  onConsoleLine(line: string): void {
    this.#publish({ kind: 'console', line });
  }

  onLinkStatus(status: LinkStatus): void {
    const wasOpen = isOpen(this.#link);
    const wasUp = this.#link.state === 'up';
    this.#link = status;
    this.#picture.onLink(status.state === 'up');
    this.#publish({ kind: 'link', status });
    this.#watch.onLinkStatus(status);
    if (!isOpen(status) && wasOpen) this.#abandonLists();
    if (isOpen(status) && !wasOpen) this.#refreshNow();
    if (isOpen(status) !== wasOpen || (status.state === 'up') !== wasUp) this.#scheduleRefresh();
  }

  link(): LinkStatus {
    return this.#link;
  }

  root(): RootView {
    return this.#picture.root;
  }

  nodes(): NodeView[] {
    return this.#picture.views();
  }

  findNode(address: number): NodeView | undefined {
    return this.#picture.findView(address);
  }

  addressOf(name: string): number | undefined {
    return addressNamed(name, this.#parts.settings.names);
  }

  activeNodeCount(): number {
    return this.#picture.countWhere(isAlive);
  }

  paths(): readonly Path[] {
    return this.#picture.paths;
  }

  robots(): readonly Robot[] {
    return this.#picture.robots;
  }

  counters() {
    return {
      uart: this.#parts.uart.counters(),
      messages: this.#messages.snapshot(),
      malformed: this.#malformed.snapshot(),
      picture: this.#picture.counters(),
      alarms: this.#alarms.counters(),
    };
  }

  values(range: ValueRange): TimedValue[] {
    return this.#picture.values(range);
  }

  alarms(): Alarm[] {
    return this.#alarms.all();
  }

  acknowledgeAlarm(id: string): boolean {
    return this.#alarms.acknowledge(id);
  }

  findDelivery(id: string): Delivery | undefined {
    return this.#deliveries.find(id);
  }

  explainNode(address: number): string[] | undefined {
    const facts = this.#picture.explain(address);
    return facts && [...facts, explainLink(this.#link, this.#parts.clock.now())];
  }

  lastSeq(): number {
    return this.#feed.lastSeq;
  }

  replay(seq: number, limit?: number): Replay {
    return this.#feed.replay(seq, limit);
  }

  subscribe(listener: (event: HubEvent) => void): () => void {
    return this.#feed.subscribe(listener);
  }

  async execute(command: Command, owner: string): Promise<Outcome> {
    switch (command.kind) {
      case 'refreshNodes':
        return this.#refresh(this.#nodeLists, { kind: 'listNodes' }, owner);
      case 'refreshPaths':
        return this.#refresh(this.#pathLists, { kind: 'listPaths' }, owner);
      case 'log':
        this.#publish({ kind: 'traffic', client: owner, what: 'log', text: cleanText(command.text) });
        return DONE;
      case 'setRobots':
        this.#picture.setRobots(command.robots);
        return DONE;
      case 'send':
      case 'broadcast':
        return outcomeOf(await this.#deliver(command, owner).written);
      default:
        return outcomeOf(await this.#tellRoot(command, owner));
    }
  }

  deliver(sending: Sending, owner: string, expects?: Expectation): Delivery {
    return this.#deliver(sending, owner, expects).delivery;
  }

  #deliver(sending: Sending, owner: string, expects?: Expectation) {
    const to = sending.kind === 'send' ? sending.to : undefined;
    const delivery = this.#deliveries.begin(to, sending.message, expects);
    const written = this.#write(delivery.id, sending, owner);
    return { delivery: this.#deliveries.find(delivery.id) ?? delivery, written };
  }

  async #write(id: string, sending: Sending, owner: string): Promise<DeliveryFailure | undefined> {
    const failure =
      sending.message.length > this.#parts.settings.maxMessageLength
        ? 'messageTooLong'
        : await this.#toUart(sending, owner, () => this.#deliveries.onUncertain(id));
    if (failure === undefined) this.#deliveries.onWritten(id);
    else this.#deliveries.onFailed(id, failure);
    return failure;
  }

  async #tellRoot(command: RootCommand, owner: string): Promise<DeliveryFailure | undefined> {
    const failure = await this.#toUart(command, owner);
    if (failure !== undefined) return failure;
    if (command.kind === 'resetRoot') this.#watch.asOrdered(() => this.#picture.onRootRestart());
    if (command.kind === 'clean') {
      this.#abandonLists();
      this.#watch.asOrdered(() => this.#picture.forgetAll());
    }
    return undefined;
  }

  /** Hands a command to the UART; what can't be written is a reason, not an error. */
  async #toUart(
    command: RootCommand,
    owner: string,
    onUncertain?: () => void,
  ): Promise<SendFailure | undefined> {
    const body = encodeRootCommand(command);
    try {
      await this.#parts.uart.send(owner, body, onUncertain);
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      if (error.reason === 'queueFull') this.#alarms.raise('QUEUE_FULL');
      return error.reason;
    }
    this.#publish({ kind: 'traffic', client: owner, what: 'sent', body });
    return undefined;
  }

  #publish(content: HubEventContent): void {
    this.#feed.publish(content);
    if (content.kind === 'node') this.#watch.onNodeChange(content);
  }

  /** Without a link, or when the root does not answer, the picture is what it was: not fresh, but no failure. */
  async #refresh<Entry>(lists: ListGatherer<Entry>, question: RootCommand, owner: string): Promise<Outcome> {
    const fresh = await lists.request(() => this.#toUart(question, owner));
    return { ok: true, fresh };
  }

  #abandonLists(): void {
    this.#nodeLists.abandon();
    this.#pathLists.abandon();
  }

  #refreshNow(): void {
    void this.execute({ kind: 'refreshNodes' }, GATEWAY);
  }

  #scheduleRefresh(): void {
    this.#cancelRefresh();
    this.#cancelRefresh = () => {};
    if (!isOpen(this.#link)) return;
    const ms = this.#link.state === 'up' ? this.#parts.settings.refreshEveryMs : PROBE_EVERY_MS;
    if (ms > 0) this.#cancelRefresh = every(this.#parts.clock, ms, () => this.#refreshNow());
  }

  #onMalformed(from: number, reason: MalformedReason): void {
    this.#malformed.add(reason);
    if (isUnicast(from)) this.#alarms.raise('MALFORMED_DATA', from, MALFORMED_REASONS[reason]);
  }

  #onRootReset(): void {
    if (!this.#isFirstWord) this.#watch.onRootReset();
    this.#parts.log.info(this.#isFirstWord ? 'the root has started' : 'the root has restarted');
    this.#refreshNow();
  }

  #onHalfMessage(): void {
    const outcome = this.#parts.uart.onHalfMessage();
    this.#parts.log.warn('half message', `the root lost half a message: ${outcome}`);
  }
}

function isOpen({ state }: LinkStatus): boolean {
  return state === 'probing' || state === 'up';
}

const DONE: Outcome = { ok: true, fresh: true };

function outcomeOf(failure: DeliveryFailure | undefined): Outcome {
  switch (failure) {
    case undefined:
      return DONE;
    case 'messageTooLong':
      return { ok: false, reason: 'messageTooLong' };
    case 'queueFull':
      return { ok: false, reason: 'busy' };
    default:
      return { ok: false, reason: 'noLink' };
  }
}

function explainLink({ state, since, name }: LinkStatus, now: number): string {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  const link = name === undefined ? 'the link' : `the link to ${name}`;
  return state === 'up'
    ? `${link} has been up for ${seconds} s`
    : `${link} is not up: ${state} for ${seconds} s`;
}

/**
 * The understanding: bodies from the root become the picture and events, commands of clients become bodies to the
 * root. Knows neither ports nor sockets: it is given a way to the UART, a clock and a log.
 */
import { cleanText } from '../base/clean-text.js';
import type { Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import type { Log } from '../base/log.js';
import type { TimedValue } from '../node/node-values.js';
import { formatAddress, isUnicast } from '../protocol/address.js';
import {
  decodeMessage,
  type FirmwareText,
  MALFORMED_REASONS,
  type MalformedReason,
  type Message,
  type Path,
  type Tables,
} from '../protocol/message.js';
import type { RootCommand } from '../protocol/root-command.js';
import type { LinkStatus } from '../link/link-keeper.js';
import { ALARM_CODES, type Alarm, Alarms, type ConnectorAlarmCode } from '../hub/alarms.js';
import type { Archive } from '../hub/archive.js';
import { Deliveries, type Delivery, type DeliveryFailure, type Expectation } from '../hub/deliveries.js';
import { EventFeed } from '../hub/event-feed.js';
import { type Health, judgeHealth } from '../hub/health.js';
import {
  type Command,
  type Hub,
  type HubEvent,
  type HubEventContent,
  isAlive,
  type NodeView,
  type Outcome,
  type Replay,
  type Restored,
  type Robot,
  type RootView,
  type Sending,
  type ValueRange,
} from '../hub/hub.js';
import { MemoryArchive } from '../hub/memory-archive.js';
import { MeshPicture, type PictureSettings } from '../hub/picture.js';
import { MeshWatch, type WatchSettings } from './mesh-watch.js';
import { goesToListeners, handleMessage, handlers, type MessageEffects } from './message-handlers.js';
import { addressNamed, nameOf } from '../hub/node-names.js';
import { Refresher, type RefreshSettings } from './refresher.js';
import { RootIdentity } from './root-identity.js';
import { RootLine, type ToUart } from './root-line.js';
import { RECOVERY_STEPS, type RecoverySettings, RootRecovery } from './root-recovery.js';

export interface NetworkSettings extends PictureSettings, RefreshSettings, WatchSettings {
  readonly recovery: Omit<RecoverySettings, 'rootSilentAfterMs'>;
  /** Events that a client can still resume from. */
  readonly eventsHeld: number;
  /** Bytes of a message to an edge device. */
  readonly maxMessageLength: number;
}

export interface NetworkParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly tables: Tables;
  readonly settings: NetworkSettings;
  readonly uart: ToUart;
}

/** Who sends, where it is the gateway itself. */
const RECOVERY_OWNER = 'gateway';

const MALFORMED = Object.keys(MALFORMED_REASONS) as MalformedReason[];
const MESSAGE_KINDS = Object.keys(handlers) as Message['kind'][];

/** What the root's complaints were about: a delivery that is kept, or none. */
const COMPLAINTS = ['aboutDelivery', 'aboutNone'] as const;

export class NetworkManager implements Hub {
  readonly #parts: NetworkParts;
  readonly #feed: EventFeed;
  readonly #picture: MeshPicture;
  readonly #alarms: Alarms;
  readonly #deliveries: Deliveries;
  readonly #watch: MeshWatch;
  readonly #effects: MessageEffects;
  readonly #refresher: Refresher;
  readonly #recovery: RootRecovery;
  readonly #identity: RootIdentity;
  readonly #rootLine: RootLine;
  #archive: Archive;
  readonly #messages = new Counters<Message['kind']>(MESSAGE_KINDS);
  readonly #malformed = new Counters<MalformedReason>(MALFORMED);
  readonly #complaints = new Counters<(typeof COMPLAINTS)[number]>(COMPLAINTS);
  #link: LinkStatus = { state: 'stopped', since: 0 };
  #areSocketsLost = false;
  /** The frame in hand is the first one since the gateway started. */
  #isFirstWord = true;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
    const { clock, settings, tables } = parts;
    this.#feed = new EventFeed(clock, settings.eventsHeld);
    this.#alarms = new Alarms(clock, (alarm) => this.#publish({ kind: 'alarm', alarm }));
    this.#deliveries = new Deliveries(clock, (delivery) => this.#publish({ kind: 'delivery', delivery }));
    this.#picture = new MeshPicture(clock, settings, tables.dataTypes, (content) => this.#publish(content));
    this.#archive = this.memoryArchive();
    this.#recovery = this.#createRecovery();
    this.#watch = new MeshWatch(clock, settings, this.#alarms, this.#picture, this.#recovery);
    this.#identity = new RootIdentity((what) => this.#onRootChanged(what));
    this.#rootLine = this.#createRootLine();
    this.#refresher = this.#createRefresher();
    this.#effects = {
      picture: this.#picture,
      nodeLists: this.#refresher.nodeLists,
      pathLists: this.#refresher.pathLists,
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
    this.#refresher.stop();
  }

  /** Values of the past come from there, and the picture goes on as an earlier run left it. To be called before `start`. */
  useArchive(archive: Archive, restored: Restored | undefined): void {
    this.#archive = archive;
    if (!restored) return;
    this.#feed.goOn(restored);
    this.#picture.restore(restored);
    this.#alarms.restore(restored.alarms);
    this.#identity.restore(restored.boardIdentity);
  }

  /**
   * What an earlier run has left could only be read when this one had begun: it joins what is known by now. `onNumbered`:
   * called before any event tells of it, with how much the numbers that were given out so far have to be raised.
   */
  joinRestored(restored: Restored, onNumbered: (raisedBy: number) => void): void {
    onNumbered(this.#feed.join(restored));
    this.#picture.join(restored);
    const isRestored = ({ node }: Alarm) => node !== undefined && !!this.findNode(node)?.restored;
    this.#alarms.join(restored.alarms, isRestored);
    this.#identity.restoreLate(restored.boardIdentity);
  }

  /** There should be an archive, but there will be none. */
  goWithoutArchive(why: string): void {
    this.#archive = this.memoryArchive(why);
    this.onArchiveFailing(why);
  }

  /** The past as far as the picture holds it. */
  memoryArchive(fault?: string): Archive {
    return new MemoryArchive(this.#picture, this.tables.dataTypes, fault);
  }

  get archive(): Archive {
    return this.#archive;
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
    if (message.kind === 'text') this.#onText(message);
  }

  /** Nodes may have other names than `before`: tells whoever shows them. */
  onRenamed(before: ReadonlyMap<number, string>): void {
    const { names } = this.#parts.settings;
    for (const node of new Set([...before.keys(), ...names.keys()])) {
      if (nameOf(node, before) === nameOf(node, names) || !this.#picture.findView(node)) continue;
      this.#publish({ kind: 'node', node, change: 'renamed' });
    }
  }

  onConsoleLine(line: string): void {
    this.#publish({ kind: 'console', line });
  }

  onLinkStatus(status: LinkStatus): void {
    this.#link = status;
    this.#identity.onLink(status, () => this.#picture.uuids());
    this.#picture.onLink(status.state === 'up');
    this.#publish({ kind: 'link', status });
    this.#watch.onLinkStatus(status);
    this.#refresher.onLinkStatus(status);
  }

  /** Why the archive can't be written; undefined once it can be. */
  onArchiveFailing(why: string | undefined): void {
    if (why === undefined) this.#alarms.clear('HISTORY_FAILING');
    else this.#alarms.raise('HISTORY_FAILING', undefined, `${ALARM_CODES.HISTORY_FAILING.text}: ${why}`);
  }

  /** Clients can't connect: why, by socket. Undefined when they can on each. */
  onSocketsLost(why: string | undefined): void {
    this.#areSocketsLost = why !== undefined;
    if (why === undefined) this.#alarms.clear('SOCKET_LOST');
    else this.#alarms.raise('SOCKET_LOST', undefined, why);
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

  nodesFrom(address: number, limit: number): NodeView[] {
    return this.#picture.viewsFrom(address, limit);
  }

  findNode(address: number): NodeView | undefined {
    return this.#picture.findView(address);
  }

  latest(address: number, typeId: number): TimedValue | undefined {
    return this.#picture.latest(address, typeId);
  }

  addressOf(name: string): number | undefined {
    return addressNamed(name, this.#parts.settings.names);
  }

  nameOf(address: number): string {
    return nameOf(address, this.#parts.settings.names);
  }

  activeNodeCount(): number {
    return this.#picture.countWhere(isAlive);
  }

  paths(): readonly Path[] {
    return this.#picture.paths;
  }

  arePathsRestored(): boolean {
    return this.#picture.pathsAreRestored;
  }

  robots(): readonly Robot[] {
    return this.#picture.robots;
  }

  counters() {
    return {
      uart: this.#parts.uart.counters(),
      messages: this.#messages.snapshot(),
      malformed: this.#malformed.snapshot(),
      complaints: this.#complaints.snapshot(),
      picture: this.#picture.counters(),
      alarms: this.#alarms.counters(),
      recovery: this.#recovery.steps.snapshot(),
      history: this.archive.status().counters,
    };
  }

  health(): Health {
    return judgeHealth({
      link: this.#link,
      rootSilentMs: this.#picture.root.silentMs,
      rootSilentAfterMs: this.#parts.settings.rootSilentAfterMs,
      alarms: this.#alarms.all(),
      countNodes: () => ({
        total: this.#picture.countWhere(() => true),
        disconnected: this.#picture.countWhere((status) => status === 'disconnected'),
      }),
      history: this.archive.status(),
      areSocketsLost: this.#areSocketsLost,
    });
  }

  values(range: ValueRange): TimedValue[] {
    return this.#picture.values(range);
  }

  alarms(): Alarm[] {
    return this.#alarms.all();
  }

  raiseAlarm(code: ConnectorAlarmCode, text: string): void {
    this.#alarms.raise(code, undefined, text);
  }

  acknowledgeAlarm(id: string): boolean {
    return this.#alarms.acknowledge(id);
  }

  forget(address: number): boolean {
    const wasKnown = this.#picture.forget(address);
    return this.#alarms.closeOf(address) > 0 || wasKnown;
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
        return { ok: true, fresh: await this.#refresher.nodes(owner) };
      case 'refreshPaths':
        return { ok: true, fresh: await this.#refresher.paths(owner) };
      case 'log':
        this.#publish({ kind: 'traffic', client: owner, what: 'log', text: cleanText(command.text) });
        return DONE;
      case 'setRobots':
        this.#picture.setRobots(command.robots);
        return DONE;
      case 'send':
      case 'broadcast':
        return outcomeOf(await this.#rootLine.deliver(command, owner).written);
      default:
        return outcomeOf(await this.#tellRoot(command, owner));
    }
  }

  deliver(sending: Sending, owner: string, expects?: Expectation): Delivery {
    return this.#rootLine.deliver(sending, owner, expects).delivery;
  }

  releasePort(ms: number): Promise<void> {
    return this.#parts.uart.release(ms);
  }

  takePort(): void {
    this.#parts.uart.takeBack();
  }

  async #tellRoot(command: RootCommand, owner: string): Promise<DeliveryFailure | undefined> {
    const failure = await this.#rootLine.tell(command, owner);
    if (failure !== undefined) return failure;
    if (command.kind === 'resetRoot') this.#watch.asOrdered(() => this.#picture.onRootRestart());
    if (command.kind === 'clean') {
      this.#refresher.abandon();
      this.#watch.asOrdered(() => this.#picture.forgetAll());
    }
    return undefined;
  }

  #publish(content: HubEventContent): void {
    this.#feed.publish(content);
    if (content.kind === 'node') this.#watch.onNodeChange(content);
  }

  #createRootLine(): RootLine {
    const { uart, settings } = this.#parts;
    return new RootLine({
      uart,
      deliveries: this.#deliveries,
      maxMessageLength: settings.maxMessageLength,
      onWritten: (client, body) => this.#publish({ kind: 'traffic', client, what: 'sent', body }),
      onQueueFull: () => this.#alarms.raise('QUEUE_FULL'),
    });
  }

  #createRecovery(): RootRecovery {
    const { clock, settings, uart, log } = this.#parts;
    const tell = async (kind: 'listNodes' | 'resetRoot') =>
      (await this.#tellRoot({ kind }, RECOVERY_OWNER)) === undefined;
    return new RootRecovery(
      clock,
      { ...settings.recovery, rootSilentAfterMs: settings.rootSilentAfterMs },
      {
        carryOut: {
          probe: () => tell('listNodes'),
          restart: () => tell('resetRoot'),
          resetLines: () => uart.resetByLines(),
          reopen: () => uart.reopen().then(() => true),
        },
        onStep: (step, round, outcome) => {
          this.#publish({ kind: 'recovery', step, round, outcome });
          if (step === 'probe' || outcome !== 'done') return;
          const text = `the root says nothing: ${RECOVERY_STEPS[step]}`;
          log.warn(`recovery ${step}`, text);
          this.#alarms.raise('ROOT_SILENT', undefined, text);
        },
        onOver: (steps) => log.info(`the root has spoken again; steps that were taken: ${steps}`),
      },
    );
  }

  /** To be told before anything is sent to the board. */
  #onRootChanged(what: string): void {
    this.#parts.log.warn('root changed', what);
    this.#picture.onRootChanged();
    this.#alarms.raise('ROOT_CHANGED', undefined, what);
  }

  #createRefresher(): Refresher {
    const { clock, settings } = this.#parts;
    return new Refresher({
      clock,
      settings,
      ask: (question, owner) => this.#rootLine.tell(question, owner),
      onNodes: (nodes) => {
        this.#identity.onList(nodes);
        this.#picture.onListComplete(nodes);
        this.#watch.onListComplete();
      },
      onPaths: (paths) => this.#picture.setPaths(paths),
    });
  }

  #onMalformed(from: number, reason: MalformedReason): void {
    this.#malformed.add(reason);
    if (isUnicast(from) && !this.#picture.isDoubtful(from))
      this.#alarms.raise('MALFORMED_DATA', from, MALFORMED_REASONS[reason]);
  }

  /** The first word since the gateway started tells that the root has started, not that it has restarted. */
  #onRootReset(): void {
    if (!this.#isFirstWord) {
      this.#picture.onRootReset();
      this.#watch.onRootReset();
    }
    this.#parts.log.info(
      this.#isFirstWord ? 'the root has started' : 'the root has restarted',
      'root restart',
    );
    void this.#refresher.nodes();
  }

  #onHalfMessage(): void {
    const outcome = this.#parts.uart.onHalfMessage();
    this.#parts.log.warn('half message', `the root lost half a message: ${outcome}`);
  }

  #onText({ text, complaintAbout: to }: FirmwareText): void {
    if (to === undefined) return;
    const words = cleanText(text);
    const id = this.#deliveries.onComplaint(to, words);
    this.#complaints.add(id === undefined ? 'aboutNone' : 'aboutDelivery');
    const which = id === undefined ? 'about no delivery that is open' : `delivery ${id} failed`;
    this.#parts.log.warn(`complaint ${to}`, `the root says about ${formatAddress(to)}: ${words} (${which})`);
  }
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

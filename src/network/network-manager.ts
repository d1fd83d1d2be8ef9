/**
 * The understanding: bodies from the root become the picture and events, commands of clients become bodies to the
 * root. Knows neither ports nor sockets: it is given a way to the UART, a clock and a log.
 */
import { cleanText } from '../clean-text.js';
import { type CancelTimer, type Clock, every } from '../clock.js';
import { Counters } from '../counters.js';
import type { Log } from '../log.js';
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
import { SendError } from '../uart/transmitter.js';
import { EventFeed } from './event-feed.js';
import {
  type Command,
  type CommandFailure,
  type Hub,
  type HubEvent,
  isAlive,
  type NodeView,
  type Outcome,
  type Robot,
  type RootView,
} from './hub.js';
import { ListGatherer } from './list-gatherer.js';
import { MeshPicture, type PictureSettings } from './mesh-picture.js';
import { goesToListeners, handleMessage, type MessageEffects } from './message-handlers.js';

export interface NetworkSettings extends PictureSettings {
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
  readonly #effects: MessageEffects;
  readonly #nodeLists: ListGatherer<ListedNode>;
  readonly #pathLists: ListGatherer<Path>;
  readonly #messages = new Counters<Message['kind']>(MESSAGE_KINDS);
  readonly #malformed = new Counters<MalformedReason>(MALFORMED);
  #link: LinkStatus = { state: 'stopped', since: 0 };
  #cancelRefresh: CancelTimer = () => {};

  constructor(parts: NetworkParts) {
    this.#parts = parts;
    this.#feed = new EventFeed(parts.clock);
    const publish = this.#feed.publish.bind(this.#feed);
    this.#picture = new MeshPicture(parts.clock, parts.settings, parts.tables.dataTypes, publish);
    this.#nodeLists = new ListGatherer(parts.clock, (nodes) => this.#picture.onListComplete(nodes));
    this.#pathLists = new ListGatherer(parts.clock, (paths) => this.#picture.setPaths(paths));
    this.#effects = {
      picture: this.#picture,
      nodeLists: this.#nodeLists,
      pathLists: this.#pathLists,
      log: parts.log,
      onHalfMessage: () => this.#onHalfMessage(),
      onRootReset: () => this.#onRootReset(),
    };
  }

  get tables(): Tables {
    return this.#parts.tables;
  }

  /** A body from the root. */
  onFrame(body: Buffer): void {
    this.#picture.onRootHeard();
    const message = decodeMessage(body, this.#parts.tables);
    this.#messages.add(message.kind);
    if (message.kind === 'malformed') this.#malformed.add(message.reason);
    handleMessage(message, this.#effects);
    this.#feed.publish({ kind: 'message', message, toListeners: goesToListeners(message) });
  }

  onConsoleLine(line: string): void {
    this.#feed.publish({ kind: 'console', line });
  }

  onLinkStatus(status: LinkStatus): void {
    const wasOpen = isOpen(this.#link);
    const wasUp = this.#link.state === 'up';
    this.#link = status;
    this.#feed.publish({ kind: 'link', status });
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
    return this.#picture.views(this.#isUp);
  }

  findNode(address: number): NodeView | undefined {
    return this.#picture.findView(address, this.#isUp);
  }

  activeNodeCount(): number {
    return this.#picture.countWhere(isAlive, this.#isUp);
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
    };
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
        this.#feed.publish({ kind: 'log', text: cleanText(command.text) });
        return { ok: true, fresh: true };
      case 'setRobots':
        this.#picture.setRobots(command.robots);
        return { ok: true, fresh: true };
      default:
        return this.#tellRoot(command, owner);
    }
  }

  get #isUp(): boolean {
    return this.#link.state === 'up';
  }

  async #tellRoot(command: RootCommand, owner: string): Promise<Outcome> {
    if ('message' in command && command.message.length > this.#parts.settings.maxMessageLength) {
      return { ok: false, reason: 'messageTooLong' };
    }
    try {
      await this.#parts.uart.send(owner, encodeRootCommand(command));
    } catch (error) {
      return { ok: false, reason: failureOf(error) };
    }
    if (command.kind === 'resetRoot') this.#picture.onRootRestart();
    if (command.kind === 'clean') this.#picture.forgetAll();
    return { ok: true, fresh: true };
  }

  /** Without a link, or when the root does not answer, the picture is what it was: not fresh, but no failure. */
  async #refresh<Entry>(lists: ListGatherer<Entry>, question: RootCommand, owner: string): Promise<Outcome> {
    try {
      const fresh = await lists.request(() => this.#parts.uart.send(owner, encodeRootCommand(question)));
      return { ok: true, fresh };
    } catch (error) {
      failureOf(error);
      return { ok: true, fresh: false };
    }
  }

  #refreshNow(): void {
    void this.execute({ kind: 'refreshNodes' }, GATEWAY);
  }

  #scheduleRefresh(): void {
    this.#cancelRefresh();
    this.#cancelRefresh = () => {};
    if (!isOpen(this.#link)) return;
    const ms = this.#isUp ? this.#parts.settings.refreshEveryMs : PROBE_EVERY_MS;
    if (ms > 0) this.#cancelRefresh = every(this.#parts.clock, ms, () => this.#refreshNow());
  }

  #onRootReset(): void {
    this.#parts.log.info('the root has restarted');
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

/** The failure that a refused send is; what is no such refusal is our own mistake and is thrown on. */
function failureOf(error: unknown): CommandFailure {
  if (!(error instanceof SendError)) throw error;
  return error.reason === 'queueFull' ? 'busy' : 'noLink';
}

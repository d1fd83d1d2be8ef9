/**
 * The mesh as a source: bodies from the root become contacts, values and events in the hub; commands of clients become
 * bodies to the root. Knows neither ports nor sockets, only the hub, the UART's send side, a clock and a log.
 */
import { cleanText } from '../base/clean-text.js';
import type { Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import type { Log } from '../base/log.js';
import type { Delivery, Expectation, Requester } from '../hub/deliveries.js';
import type { GatewayHub } from '../hub/gateway-hub.js';
import { type Outcome, RECOVERY_STEPS, type RootFailure, type Sending } from '../hub/hub.js';
import type { RootBoundCommand, RootCommandRunner, Source } from '../hub/source.js';
import type { LinkStatus } from '../link/link-keeper.js';
import { formatAddress, isUnicast } from '../protocol/address.js';
import {
  decodeMessage,
  type FirmwareText,
  MALFORMED_REASONS,
  type MalformedReason,
  type Message,
} from '../protocol/message.js';
import type { RootCommand } from '../protocol/root-command.js';
import type { HalfMessageOutcome } from '../uart/transmitter.js';
import { MeshWatch, type WatchSettings } from './mesh-watch.js';
import { goesToListeners, handleMessage, handlers, type MessageEffects } from './message-handlers.js';
import { Refresher, type RefreshSettings } from './refresher.js';
import { RootCommands, type ToUart } from './root-commands.js';
import { RootIdentity } from './root-identity.js';
import { type RecoverySettings, RootRecovery } from './root-recovery.js';

export interface NetworkSettings extends RefreshSettings, WatchSettings {
  readonly recovery: Omit<RecoverySettings, 'rootSilentAfterMs'>;
  /** Maximum bytes of a message to an edge device. */
  readonly maxMessageLength: number;
}

export interface NetworkOptions {
  readonly hub: GatewayHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: NetworkSettings;
  readonly uart: ToUart;
}

/** The owner of what the gateway itself sends. */
const GATEWAY = 'gateway';

const MALFORMED = Object.keys(MALFORMED_REASONS) as MalformedReason[];
const MESSAGE_KINDS = Object.keys(handlers) as Message['kind'][];

/** Whether a complaint of the root was matched with a delivery. */
const COMPLAINTS = ['aboutDelivery', 'aboutNone'] as const;

export class NetworkManager implements RootCommandRunner {
  readonly #options: NetworkOptions;
  readonly #hub: GatewayHub;
  readonly #source: Source;
  readonly #watch: MeshWatch;
  readonly #effects: MessageEffects;
  readonly #refresher: Refresher;
  readonly #recovery: RootRecovery;
  readonly #identity: RootIdentity;
  readonly #rootCommands: RootCommands;
  readonly #messages = new Counters<Message['kind']>(MESSAGE_KINDS);
  readonly #malformed = new Counters<MalformedReason>(MALFORMED);
  readonly #complaints = new Counters<(typeof COMPLAINTS)[number]>(COMPLAINTS);
  /** The current frame is the first one since the gateway started. */
  #isFirstFrame = true;

  constructor(options: NetworkOptions) {
    const { hub, clock, settings, log } = options;
    this.#options = options;
    this.#hub = hub;
    this.#recovery = this.#createRecovery();
    this.#watch = new MeshWatch(clock, settings, hub.alarmBook, hub.mesh, this.#recovery);
    this.#identity = new RootIdentity((what) => this.#onRootChanged(what));
    this.#rootCommands = this.#createRootCommands();
    this.#refresher = this.#createRefresher();
    this.#effects = {
      picture: hub.mesh,
      nodeLists: this.#refresher.nodeLists,
      pathLists: this.#refresher.pathLists,
      log,
      onHalfMessage: () => this.#onHalfMessage(),
      onRootReset: () => this.#onRootReset(),
    };
    this.#source = hub.openSource({
      name: 'mesh',
      kind: 'mesh',
      counters: () => this.#counters(),
      commands: this,
      onNodeChange: (change) => this.#watch.onNodeChange(change),
    });
  }

  /** Starts the timer for silent nodes and a silent root. */
  start(): void {
    this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
    this.#refresher.stop();
  }

  /** `board`: identity of the board in an earlier run. Call before `start`. */
  restore(board: string | undefined): void {
    this.#identity.restore(board);
  }

  /** The same, if it could only be read after this run had started. */
  restoreLate(board: string | undefined): void {
    this.#identity.restoreLate(board);
  }

  /** A body from the root. */
  onFrame(body: Buffer): void {
    this.#isFirstFrame = this.#hub.mesh.root.lastHeardAt === undefined;
    this.#hub.mesh.onRootHeard();
    const message = decodeMessage(body, this.#hub.tables);
    this.#messages.add(message.kind);
    if (message.kind === 'malformed') this.#onMalformed(message.from, message.reason);
    handleMessage(message, this.#effects);
    this.#hub.publish({ kind: 'message', message, toListeners: goesToListeners(message) });
    this.#hub.deliveries.onMessage(message);
    if (message.kind === 'text') this.#onText(message);
  }

  onConsoleLine(line: string): void {
    this.#hub.publish({ kind: 'console', line });
  }

  onLinkStatus(status: LinkStatus): void {
    this.#identity.onLink(status, () => this.#hub.mesh.nodes.uuids());
    this.#source.setLink(status);
    this.#watch.onLinkStatus(status);
    this.#refresher.onLinkStatus(status);
  }

  async execute(command: RootBoundCommand, owner: string): Promise<Outcome> {
    switch (command.kind) {
      case 'refreshNodes':
        return { ok: true, fresh: await this.#refresher.nodes(owner) };
      case 'refreshPaths':
        return { ok: true, fresh: await this.#refresher.paths(owner) };
      case 'send':
      case 'broadcast':
        return outcomeOf(await this.#rootCommands.deliver(command, { owner }).written);
      default:
        return outcomeOf(await this.#sendToRoot(command, owner));
    }
  }

  deliver(sending: Sending, by: Requester, expects?: Expectation): Delivery {
    return this.#rootCommands.deliver(sending, by, expects).delivery;
  }

  releasePort(ms: number): Promise<void> {
    return this.#options.uart.release(ms);
  }

  takePort(): void {
    this.#options.uart.reclaim();
  }

  #counters() {
    return {
      uart: this.#options.uart.counters(),
      messages: this.#messages.snapshot(),
      malformed: this.#malformed.snapshot(),
      complaints: this.#complaints.snapshot(),
      recovery: this.#recovery.steps.snapshot(),
    };
  }

  async #sendToRoot(command: RootCommand, owner: string): Promise<RootFailure | undefined> {
    const failure = await this.#rootCommands.send(command, owner);
    if (failure !== undefined) return failure;
    if (command.kind === 'resetRoot') this.#watch.runOrdered(() => this.#hub.mesh.onRootRestart());
    if (command.kind === 'clean') {
      this.#refresher.abandon();
      this.#watch.runOrdered(() => this.#hub.mesh.forgetAll());
    }
    return undefined;
  }

  #createRootCommands(): RootCommands {
    const { uart, settings } = this.#options;
    return new RootCommands({
      uart,
      deliveries: this.#hub.deliveries,
      maxMessageLength: settings.maxMessageLength,
      onWritten: (client, body) => this.#hub.publish({ kind: 'traffic', client, what: 'sent', body }),
      onQueueFull: () => this.#hub.alarmBook.raise('QUEUE_FULL'),
    });
  }

  #createRecovery(): RootRecovery {
    const { clock, settings, uart, log } = this.#options;
    const send = async (kind: 'listNodes' | 'resetRoot') =>
      (await this.#sendToRoot({ kind }, GATEWAY)) === undefined;
    return new RootRecovery(
      clock,
      { ...settings.recovery, rootSilentAfterMs: settings.rootSilentAfterMs },
      {
        carryOut: {
          probe: () => send('listNodes'),
          restart: () => send('resetRoot'),
          resetLines: () => uart.resetByLines(),
          reopen: () => uart.reopen().then(() => true),
        },
        onStep: (step, round, outcome) => {
          this.#hub.publish({ kind: 'recovery', step, round, outcome });
          if (step === 'probe' || outcome !== 'done') return;
          const text = `the root is not responding: ${RECOVERY_STEPS[step]}`;
          log.warn(`recovery ${step}`, text);
          this.#hub.alarmBook.raise('ROOT_SILENT', undefined, text);
        },
        onRecovered: (steps) => log.info(`the root responds again after ${count(steps, 'recovery step')}`),
      },
    );
  }

  /** Must be called before anything is sent to the board. */
  #onRootChanged(what: string): void {
    this.#options.log.warn('root changed', what);
    this.#hub.mesh.unlisted.reset();
    this.#hub.alarmBook.raise('ROOT_CHANGED', undefined, what);
  }

  #createRefresher(): Refresher {
    const { clock, settings } = this.#options;
    return new Refresher({
      clock,
      settings,
      ask: (command, owner) => this.#rootCommands.send(command, owner),
      onNodes: (nodes) => {
        this.#identity.onList(nodes);
        this.#hub.mesh.onListComplete(nodes);
        this.#watch.onListComplete();
      },
      onPaths: (paths) => this.#hub.mesh.setPaths(paths),
    });
  }

  #onMalformed(from: number, reason: MalformedReason): void {
    this.#malformed.add(reason);
    if (isUnicast(from) && !this.#hub.mesh.unlisted.has(from))
      this.#hub.alarmBook.raise('MALFORMED_DATA', from, MALFORMED_REASONS[reason]);
  }

  /** As the first frame since the gateway started, it means that the root has started, not restarted. */
  #onRootReset(): void {
    if (!this.#isFirstFrame) {
      this.#hub.mesh.onRootReset();
      this.#watch.onRootReset();
    }
    this.#options.log.info(
      this.#isFirstFrame ? 'the root has started' : 'the root has restarted',
      'root restart',
    );
    void this.#refresher.nodes();
  }

  #onHalfMessage(): void {
    const outcome = this.#options.uart.onHalfMessage();
    this.#options.log.warn(
      'half message',
      `the root has lost half a message: ${HALF_MESSAGE_TEXTS[outcome]}`,
    );
  }

  #onText({ text, complaintAbout: to }: FirmwareText): void {
    if (to === undefined) return;
    const words = cleanText(text);
    const id = this.#hub.deliveries.onComplaint(to, words);
    this.#complaints.add(id === undefined ? 'aboutNone' : 'aboutDelivery');
    const which = id === undefined ? 'no open delivery matches' : `delivery ${id} failed`;
    this.#options.log.warn(
      `complaint ${to}`,
      `the root reports about ${formatAddress(to)}: ${words} (${which})`,
    );
  }
}

const HALF_MESSAGE_TEXTS: Readonly<Record<HalfMessageOutcome, string>> = {
  nothingSent: 'nothing was being sent',
  sentAgain: 'the message is sent again',
  uncertain: 'it is uncertain which one',
};

const DONE: Outcome = { ok: true, fresh: true };

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}

function outcomeOf(failure: RootFailure | undefined): Outcome {
  return failure === undefined ? DONE : { ok: false, reason: failure };
}

import { Backoff } from '../base/backoff.js';
import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { errorText } from '../base/errors.js';
import {
  BROKER_DOWN_REASONS,
  type BrokerConnection,
  type BrokerDownReason,
  type BrokerHandlers,
  type BrokerLimits,
  type BrokerOptions,
  type Incoming,
  type OpenBroker,
} from './broker.js';

/** Named for what is awaited: the broker's answer, the end of the connection, the end of a pause. */
export type BrokerState = 'connecting' | 'up' | 'backingOff' | 'stopped';

export interface BrokerKeeperHandlers {
  onUp(broker: BrokerConnection, limits: BrokerLimits): void;
  onMessage(message: Incoming): void;
  /** Called only after `onUp`. */
  onLost(): void;
  /** It has been there for a while. */
  onLasting(): void;
  /** Each time that there is none, or none any more. */
  onDown(reason: BrokerDownReason, detail: string): void;
}

export interface BrokerKeeperOptions {
  readonly openBroker: OpenBroker;
  readonly clock: Clock;
  /** 0–1, for the jitter of the pauses. */
  readonly random: () => number;
  /** What the next attempt shows the broker. Throws when a file can't be read. */
  readonly options: () => Omit<BrokerOptions, 'version'>;
  readonly version: 'auto' | '5' | '3.1.1';
  /** Another gateway wants the same connection: the pauses are long. */
  readonly isContested: () => boolean;
  /** Between attempts; those of a gateway unless given. */
  readonly pauses?: Pauses;
}

/** They double from the first to the longest, chance included. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

const PAUSES: Pauses = { firstMs: 1000, longestMs: 60_000 };
/** While another gateway uses this one's id: neither must throw the other out all the time. */
const CONTESTED_PAUSES: Pauses = { firstMs: 30_000, longestMs: 600_000 };
/** The part of a pause that chance may add, so that the gateways of a farm do not come back in step. */
const JITTER = 0.25;
const CONNECT_TIMEOUT_MS = 20_000;
/**
 * Doublings of the first pause that are left after a connection which the broker granted: a broker that restarts is
 * found again at once, and one that grants each connection and then drops it is not asked without a pause.
 */
const FAILURES_AFTER_GRANTED = 1;
/** A connection that has lasted so long is stable: the next pause is the first. */
const LASTING_MS = 60_000;
/** Longer than the other gateway's longest pause. */
const CONTESTED_LASTING_MS = 1_200_000;
const GOODBYE_MS = 1000;

const REASONS = Object.keys(BROKER_DOWN_REASONS) as BrokerDownReason[];

/** Keeps a connection to the broker: opens it, notices its loss, opens it again. */
export class BrokerKeeper {
  readonly downs = new Counters<BrokerDownReason>(REASONS);
  readonly #options: BrokerKeeperOptions;
  readonly #handlers: BrokerKeeperHandlers;
  #state: BrokerState = 'stopped';
  readonly #backoff: Backoff;
  #version: 4 | 5;
  #attempt = 0;
  #connection: BrokerConnection | undefined;
  #cancelTimer: CancelTimer = () => {};

  constructor(options: BrokerKeeperOptions, handlers: BrokerKeeperHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    const { pauses = PAUSES, random } = options;
    this.#backoff = new Backoff({ ...pauses, jitter: JITTER, random });
    this.#version = options.version === '3.1.1' ? 4 : 5;
  }

  get state(): BrokerState {
    return this.#state;
  }

  /** Of MQTT: that of the connection, or of the next attempt. */
  get version(): 4 | 5 {
    return this.#version;
  }

  start(): void {
    if (this.#state === 'stopped') this.#connect();
  }

  /** The broker has answered the subscriptions: the connection works, not only the handshake. */
  onEstablished(): void {
    if (this.#state !== 'up' || this.#options.isContested()) return;
    this.#backoff.reset(FAILURES_AFTER_GRANTED);
  }

  /** The connection is of no use: it is opened anew. */
  giveUp(reason: BrokerDownReason): void {
    if (this.#state === 'up') this.#onDown(reason, '');
  }

  /** Ends the connection; with a goodbye, where there is time for one. */
  async stop(): Promise<void> {
    const connection = this.#connection;
    const wasUp = this.#state === 'up';
    this.#attempt++;
    this.#cancelTimer();
    this.#state = 'stopped';
    this.#connection = undefined;
    if (wasUp && connection) await this.#sayGoodbye(connection);
    connection?.drop();
  }

  #connect(): void {
    const attempt = ++this.#attempt;
    const isCurrent = () => attempt === this.#attempt;
    this.#state = 'connecting';
    const handlers: BrokerHandlers = {
      onConnected: (limits) => isCurrent() && this.#onConnected(limits),
      onMessage: (message) => isCurrent() && this.#handlers.onMessage(message),
      onDown: (reason, detail) => isCurrent() && this.#onDown(reason, detail),
    };
    try {
      const broker = { ...this.#options.options(), version: this.#version };
      this.#connection = this.#options.openBroker(broker, handlers);
      this.#cancelTimer = this.#options.clock.after(CONNECT_TIMEOUT_MS, () =>
        this.#onDown('connectTimeout', ''),
      );
    } catch (error) {
      this.#onDown('badFiles', errorText(error));
    }
  }

  #onConnected(limits: BrokerLimits): void {
    if (!this.#connection) return;
    this.#state = 'up';
    this.#cancelTimer();
    const lastingMs = this.#options.isContested() ? CONTESTED_LASTING_MS : LASTING_MS;
    this.#cancelTimer = this.#options.clock.after(lastingMs, () => {
      this.#backoff.reset();
      this.#handlers.onLasting();
    });
    this.#handlers.onUp(this.#connection, limits);
  }

  #onDown(reason: BrokerDownReason, detail: string): void {
    const wasUp = this.#state === 'up';
    this.#attempt++;
    this.#cancelTimer();
    this.#connection?.drop();
    this.#connection = undefined;
    this.#state = 'backingOff';
    this.downs.add(reason);
    if (wasUp) this.#handlers.onLost();
    this.#handlers.onDown(reason, detail);
    const isOldBroker = reason === 'badVersion' && this.#options.version === 'auto' && this.#version === 5;
    if (isOldBroker) this.#version = 4;
    this.#cancelTimer = this.#options.clock.after(isOldBroker ? 0 : this.#nextPauseMs(), () =>
      this.#connect(),
    );
  }

  #nextPauseMs(): number {
    return this.#backoff.nextMs(this.#options.isContested() ? CONTESTED_PAUSES : undefined);
  }

  #sayGoodbye(connection: BrokerConnection): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(GOODBYE_MS, resolve);
      void connection.end().then(() => {
        cancel();
        resolve();
      });
    });
  }
}

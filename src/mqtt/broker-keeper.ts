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

/** `connecting`: waiting for the broker's answer; `backingOff`: waiting for the next attempt. */
export type BrokerState = 'connecting' | 'up' | 'backingOff' | 'stopped';

export interface BrokerKeeperHandlers {
  onUp(broker: BrokerConnection, limits: BrokerLimits): void;
  onMessage(message: Incoming): void;
  /** Called only after `onUp`. */
  onLost(): void;
  /** The connection has been up for a while. */
  onStable(): void;
  /** Called for each failed attempt and each lost connection. */
  onDown(reason: BrokerDownReason, detail: string): void;
}

export interface BrokerKeeperOptions {
  readonly openBroker: OpenBroker;
  readonly clock: Clock;
  /** 0–1, for the jitter of the delays. */
  readonly random: () => number;
  /** Address and credentials for the next attempt. Throws if a file can't be read. */
  readonly options: () => Omit<BrokerOptions, 'version'>;
  readonly version: 'auto' | '5' | '3.1.1';
  /** Another gateway uses the same id: retry slowly. */
  readonly isContested: () => boolean;
  /** Between attempts; defaults to a gateway's. */
  readonly pauses?: Pauses;
}

/** Delays double from the first to the longest, jitter included. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

const PAUSES: Pauses = { firstMs: 1000, longestMs: 60_000 };
/** While another gateway uses this one's id: they must not disconnect each other all the time. */
const CONTESTED_PAUSES: Pauses = { firstMs: 30_000, longestMs: 600_000 };
/** Random part added to a delay, so that many gateways do not reconnect at the same moment. */
const JITTER = 0.25;
const CONNECT_TIMEOUT_MS = 20_000;
/**
 * Failures that still count after the broker has granted a connection: reconnecting after a restart is quick, but a
 * broker that grants and drops each connection is not retried without delay.
 */
const FAILURES_AFTER_GRANTED = 1;
/** A connection that has lasted this long is stable: the delays start over. */
const STABLE_MS = 60_000;
/** Longer than the other gateway's longest delay. */
const CONTESTED_STABLE_MS = 1_200_000;
const DISCONNECT_TIMEOUT_MS = 1000;

const REASONS = Object.keys(BROKER_DOWN_REASONS) as BrokerDownReason[];

/** Keeps a connection to the broker: opens it, notices when it is lost, and reconnects. */
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

  /** MQTT version of the connection or of the next attempt: 4 is 3.1.1. */
  get version(): 4 | 5 {
    return this.#version;
  }

  start(): void {
    if (this.#state === 'stopped') this.#connect();
  }

  /** The broker has answered the subscriptions: more than the handshake works. */
  onEstablished(): void {
    if (this.#state !== 'up' || this.#options.isContested()) return;
    this.#backoff.reset(FAILURES_AFTER_GRANTED);
  }

  /** Drops a connection that does not work, and reconnects. */
  giveUp(reason: BrokerDownReason): void {
    if (this.#state === 'up') this.#onDown(reason, '');
  }

  /** Ends the connection, with a DISCONNECT if the broker takes it in time. */
  async stop(): Promise<void> {
    const connection = this.#connection;
    const wasUp = this.#state === 'up';
    this.#attempt++;
    this.#cancelTimer();
    this.#state = 'stopped';
    this.#connection = undefined;
    if (wasUp && connection) await this.#disconnect(connection);
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
    const stableMs = this.#options.isContested() ? CONTESTED_STABLE_MS : STABLE_MS;
    this.#cancelTimer = this.#options.clock.after(stableMs, () => {
      this.#backoff.reset();
      this.#handlers.onStable();
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

  #disconnect(connection: BrokerConnection): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(DISCONNECT_TIMEOUT_MS, resolve);
      void connection.end().then(() => {
        cancel();
        resolve();
      });
    });
  }
}

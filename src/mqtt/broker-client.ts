/** A reconnecting broker client for programs that read: subscriptions outlive lost connections. */
import { type Clock, systemClock } from '../base/clock.js';
import {
  BROKER_DOWN_REASONS,
  type BrokerConnection,
  type BrokerDownReason,
  type BrokerOptions,
  type Incoming,
  type OpenBroker,
  type Publication,
} from './broker.js';
import { BrokerKeeper, type Pauses } from './broker-keeper.js';

export interface BrokerClientOptions {
  readonly openBroker: OpenBroker;
  /** Address and credentials for the next attempt. Throws if a file can't be read. */
  readonly options: () => Omit<BrokerOptions, 'version'>;
  readonly clock?: Clock;
}

/** There is no connection, or a topic can't be read. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
}

type Listener = (message: Incoming) => void;

interface Subscription {
  readonly listeners: Set<Listener>;
  readonly granted: Promise<void>;
  /** Settles `granted`. */
  readonly onAnswer: (failure?: BrokerError) => void;
}

const FIRST_CONNECT_TIMEOUT_MS = 10_000;
/** Time for the broker to answer a subscription. */
const ANSWER_TIMEOUT_MS = 30_000;
/** A day; the callback does nothing. */
const KEEP_ALIVE_MS = 86_400_000;
/** A person is waiting: retry about once a second. */
const PAUSES: Pauses = { firstMs: 1000, longestMs: 1250 };

export class BrokerClient {
  readonly #keeper: BrokerKeeper;
  readonly #clock: Clock;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #onChange = new Set<(isConnected: boolean) => void>();
  #connection: BrokerConnection | undefined;
  /** The broker has answered the subscriptions of this connection. */
  #isEstablished = false;
  #onFirst: (failure?: BrokerError) => void = () => {};
  #isOldBroker = false;
  /** Keeps the process alive between two attempts, when there is no socket; the clock's timers do not. */
  readonly #keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);

  /** Uses MQTT 5, or 3.1.1 if the broker does not support it. Rejects with a `BrokerError` if the first attempt fails. */
  static async open(options: BrokerClientOptions): Promise<BrokerClient> {
    const client = new BrokerClient(options);
    try {
      await client.#connect();
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  private constructor({ openBroker, options, clock = systemClock }: BrokerClientOptions) {
    this.#clock = clock;
    this.#keeper = new BrokerKeeper(
      {
        openBroker,
        clock,
        options,
        random: Math.random,
        version: 'auto',
        isContested: () => false,
        pauses: PAUSES,
      },
      {
        onUp: (connection) => this.#onUp(connection),
        onMessage: (message) => this.#onMessage(message),
        onLost: () => this.#onLost(),
        onStable: () => {},
        onDown: (reason, detail) => this.#onDown(reason, detail),
      },
    );
  }

  get isConnected(): boolean {
    return this.#isEstablished;
  }

  /** Whether publications can have properties. */
  get isV5(): boolean {
    return this.#keeper.version === 5;
  }

  /** Calls `run` when the connection is lost and when it is back. Returns a function that unsubscribes. */
  onChange(run: (isConnected: boolean) => void): () => void {
    this.#onChange.add(run);
    return () => void this.#onChange.delete(run);
  }

  /**
   * Resolves when the broker has accepted the subscription, with a function that ends it. Rejects with a `BrokerError`
   * if the broker refuses it or the connection is lost first.
   */
  async subscribe(filter: string, listener: Listener): Promise<() => void> {
    const subscription = this.#subscriptions.get(filter) ?? this.#add(filter);
    subscription.listeners.add(listener);
    const release = () => this.#release(filter, subscription, listener);
    await subscription.granted.catch((error: unknown) => {
      release();
      throw error;
    });
    return release;
  }

  /** Dropped if there is no connection. */
  publish(publication: Publication): void {
    this.#connection?.publish(publication, () => {});
  }

  async close(): Promise<void> {
    clearInterval(this.#keepAlive);
    this.#onLost();
    this.#onChange.clear();
    this.#subscriptions.clear();
    await this.#keeper.stop();
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onTimeout = () => this.#onFirst(new BrokerError('no answer within 10 s'));
      const cancel = this.#clock.after(FIRST_CONNECT_TIMEOUT_MS, onTimeout);
      this.#onFirst = (failure) => {
        cancel();
        this.#onFirst = () => {};
        if (failure) reject(failure);
        else resolve();
      };
      this.#keeper.start();
    });
  }

  #add(filter: string): Subscription {
    let onAnswer: Subscription['onAnswer'] = () => {};
    const granted = new Promise<void>((resolve, reject) => {
      onAnswer = (failure) => (failure ? reject(failure) : resolve());
    });
    const subscription = { listeners: new Set<Listener>(), granted, onAnswer };
    this.#subscriptions.set(filter, subscription);
    if (this.#connection) this.#request(this.#connection, [filter], () => {});
    else onAnswer(new BrokerError('the connection is lost'));
    return subscription;
  }

  #request(connection: BrokerConnection, filters: readonly string[], onDone: () => void): void {
    const cancel = this.#clock.after(ANSWER_TIMEOUT_MS, () => {
      if (connection === this.#connection) this.#keeper.giveUp('ackTimeout');
    });
    connection.subscribe(filters, (refused) => {
      cancel();
      for (const filter of filters) {
        const isRefused = refused.includes(filter);
        const failure = isRefused ? new BrokerError(`this user may not read ${filter}`) : undefined;
        this.#subscriptions.get(filter)?.onAnswer(failure);
      }
      onDone();
    });
  }

  #onUp(connection: BrokerConnection): void {
    this.#connection = connection;
    const filters = [...this.#subscriptions.keys()];
    if (filters.length === 0) this.#onEstablished();
    else this.#request(connection, filters, () => this.#onEstablished());
  }

  #onEstablished(): void {
    this.#keeper.onEstablished();
    this.#isEstablished = true;
    this.#onFirst();
    this.#report(true);
  }

  #onLost(): void {
    this.#connection = undefined;
    this.#isEstablished = false;
    const failure = new BrokerError('the connection is lost');
    for (const { onAnswer } of this.#subscriptions.values()) onAnswer(failure);
    this.#report(false);
  }

  /** An old broker refuses MQTT 5 at the first attempt; the keeper then tries 3.1.1. */
  #onDown(reason: BrokerDownReason, detail: string): void {
    const isFirstRefusal = reason === 'badVersion' && !this.#isOldBroker;
    if (isFirstRefusal) this.#isOldBroker = true;
    else this.#onFirst(new BrokerError(detail || BROKER_DOWN_REASONS[reason]));
  }

  #onMessage(message: Incoming): void {
    for (const [filter, { listeners }] of this.#subscriptions) {
      if (matches(filter, message.topic)) for (const listener of [...listeners]) listener(message);
    }
  }

  #release(filter: string, subscription: Subscription, listener: Listener): void {
    const { listeners } = subscription;
    listeners.delete(listener);
    if (listeners.size > 0 || this.#subscriptions.get(filter) !== subscription) return;
    this.#subscriptions.delete(filter);
    this.#connection?.unsubscribe([filter]);
  }

  #report(isConnected: boolean): void {
    for (const run of [...this.#onChange]) run(isConnected);
  }
}

/** Whether a topic matches a filter with `+` and `#`. */
export function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const wanted = filter.split('/');
  const isOpen = wanted.at(-1) === '#';
  if (isOpen ? levels.length < wanted.length - 1 : levels.length !== wanted.length) return false;
  return wanted.every((level, index) => level === '#' || level === '+' || level === levels[index]);
}

/**
 * One for all connections: their input goes into one bounded queue of `{meta, data, from}`, and what is said goes to all of
 * them, without correlation. What a command means is up to the mode.
 */
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { errorStack } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { BUSY_TEXT, type ErrorCode, errorMeta } from '../../codecs/dataforge/hv-messages.js';
import type { HubEvent } from '../../hub/hub.js';
import type { MetaCheck } from './command-check.js';
import { Message, type MessageContent } from './message.js';

export interface Incoming {
  /** Any JSON. */
  readonly meta: unknown;
  readonly data: Buffer;
  /** Bytes of the message. */
  readonly size: number;
  readonly from: Sender;
}

/** The connection that a message came from. */
export interface Sender {
  readonly name: string;
  /** False for a connection that may only read. */
  readonly mayCommand: boolean;
}

/** What goes wrong with a message that fits its schema. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly description: string;
  readonly id?: unknown;
}

/** The commands of a mode, and what it says about events. */
export interface Mode {
  /** Returns a refusal, or says its answer later. */
  carryOut(incoming: Incoming): Refusal | undefined;
  onEvent(event: HubEvent): void;
  close(): void;
}

export interface HardwareManagerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly siteCheck: MetaCheck | undefined;
  readonly createMode: (say: (content: MessageContent) => void, refuse: (refusal: Refusal) => void) => Mode;
}

/** Messages and bytes that wait for their turn, of all connections; and messages of one. */
const MAX_WAITING = 1024;
const MAX_WAITING_BYTES = 33_554_432;
const MAX_WAITING_OF_ONE = 64;
/** Messages carried out before the event loop goes on. */
const AT_ONCE = 16;

export const REFUSALS = {
  4: 'parse',
  5: 'algorithm',
  7: 'unknown',
  8: 'busy',
  9: 'params',
  11: 'device',
  12: 'closed',
} as const satisfies Readonly<Record<ErrorCode, string>>;

export class HardwareManager {
  readonly #options: HardwareManagerOptions;
  readonly #mode: Mode;
  readonly #listeners = new Set<(message: Message) => void>();
  readonly #refused = new Counters(Object.values(REFUSALS));
  #input: Incoming[] = [];
  #inputBytes = 0;
  #isRunning = false;
  #isScheduled = false;
  #counts = { received: 0, said: 0, queueFull: 0 };

  constructor(options: HardwareManagerOptions) {
    this.#options = options;
    this.#mode = options.createMode(
      (content) => this.say(content),
      (refusal) => this.refuse(refusal),
    );
  }

  counters() {
    return { ...this.#counts, waiting: this.#input.length, refused: this.#refused.snapshot() };
  }

  start(): void {
    this.#isRunning = true;
  }

  stop(): void {
    this.#isRunning = false;
    this.#input = [];
    this.#inputBytes = 0;
    this.#mode.close();
  }

  /** Receives everything that is said; returns a function that ends this. */
  subscribe(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Queues a message. Returns a refusal for its sender alone if there is no room. */
  offer(incoming: Incoming): Message | undefined {
    if (!this.#isRunning) return undefined;
    this.#counts.received++;
    if (this.#isFull(incoming)) {
      this.#counts.queueFull++;
      return this.errorFor({ code: 8, description: BUSY_TEXT });
    }
    this.#input.push(incoming);
    this.#inputBytes += incoming.size;
    this.#schedule();
    return undefined;
  }

  onEvent(event: HubEvent): void {
    if (this.#isRunning) this.#mode.onEvent(event);
  }

  say(content: MessageContent): void {
    this.#counts.said++;
    const message = new Message(content, this.#options.clock.now());
    for (const listener of this.#listeners) listener(message);
  }

  refuse(refusal: Refusal): void {
    this.#refused.add(REFUSALS[refusal.code]);
    this.say({ meta: errorMeta(refusal.code, refusal.description, refusal.id) });
  }

  /** An error for one connection only. */
  errorFor({ code, description }: Refusal): Message {
    this.#refused.add(REFUSALS[code]);
    return new Message({ meta: errorMeta(code, description) }, this.#options.clock.now());
  }

  #isFull({ size, from }: Incoming): boolean {
    if (this.#input.length >= MAX_WAITING || this.#inputBytes + size > MAX_WAITING_BYTES) return true;
    return this.#input.filter((other) => other.from === from).length >= MAX_WAITING_OF_ONE;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#work());
  }

  #work(): void {
    this.#isScheduled = false;
    for (const incoming of this.#input.splice(0, AT_ONCE)) {
      this.#inputBytes -= incoming.size;
      this.#carryOut(incoming);
    }
    if (this.#input.length > 0) this.#schedule();
  }

  #carryOut(incoming: Incoming): void {
    try {
      const refusal = this.#check(incoming) ?? this.#mode.carryOut(incoming);
      if (refusal) this.refuse({ id: idOf(incoming.meta), ...refusal });
    } catch (error) {
      this.#options.log.error('failed command', errorStack(error));
      this.refuse({ code: 5, description: 'internal error', id: idOf(incoming.meta) });
    }
  }

  #check({ meta, from }: Incoming): Refusal | undefined {
    const description = this.#options.siteCheck?.(meta);
    if (description !== undefined) return { code: 9, description };
    return from.mayCommand ? undefined : { code: 9, description: 'this connection may only read' };
  }
}

/** What a command is recognized by in its answer: a text or a number. */
export function idOf(meta: unknown): string | number | undefined {
  const id = typeof meta === 'object' && meta !== null ? (meta as { id?: unknown }).id : undefined;
  if (typeof id === 'number') return id;
  return typeof id === 'string' && id.length <= MAX_ID_LENGTH ? id : undefined;
}

const MAX_ID_LENGTH = 256;

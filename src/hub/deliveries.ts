import type { Clock } from '../base/clock.js';
import { ADDRESS_LENGTH } from '../protocol/address.js';
import type { Message } from '../protocol/message.js';
import type { ArgumentValues } from './command-definition.js';
import type { CommandFailure } from './failures.js';

/** What is known about a message or command that was sent. `answered`: a matching message was received. */
export const DELIVERY_STAGES = [
  'queued',
  'written',
  'answered',
  'uncertain',
  'failed',
  // Of commands to devices only.
  'accepted',
  'progress',
  'completed',
  'aborted',
] as const;

export type DeliveryStage = (typeof DELIVERY_STAGES)[number];

/** What became of a request to abort a command. */
export type AbortOutcome = 'aborting' | 'notAbortable' | 'ended' | 'unknown';

/** How far a device has come with a command. */
export interface CommandProgress {
  /** 0 to 1. */
  readonly fraction?: number;
  readonly text?: string;
}

/** Times are ms since the epoch, host clock. Immutable: each stage makes a new object. */
export interface Delivery {
  readonly id: string;
  /** The client that sent it. */
  readonly owner: string;
  /** Chosen by the owner. */
  readonly tag?: string;
  /** 0x0000: the root; `undefined`: all nodes; 0x10000 and up: a device. */
  readonly to?: number;
  /** Empty for a command to a device. */
  readonly message: Buffer;
  /** Id of the device that the command is for. */
  readonly device?: string;
  readonly command?: { readonly name: string; readonly arguments: ArgumentValues };
  readonly progress?: CommandProgress;
  /** What a completed command returned: JSON. */
  readonly result?: unknown;
  /** Why a command failed, in the device's own words. */
  readonly detail?: string;
  readonly stage: DeliveryStage;
  readonly stages: readonly { readonly stage: DeliveryStage; readonly at: number }[];
  readonly failure?: CommandFailure;
  /** The root's own words, if it rejected the message. */
  readonly rootWords?: string;
  readonly answer?: Buffer;
  /** ms from writing to the answer, by the monotonic clock. */
  readonly roundTripMs?: number;
}

/** Which message counts as the answer: one from the recipient with this opcode. */
export interface Expectation {
  /** 0x00–0xFF. */
  readonly opcode: number;
  /** The payloads that match; any payload if undefined. */
  readonly payloads?: readonly Buffer[];
}

/** The client that sends. */
export interface Requester {
  /** For fairness between clients. */
  readonly owner: string;
  /** Chosen by the owner, and reported with every stage of the delivery. */
  readonly tag?: string;
}

export interface NewDelivery {
  /** 0x0000: the root; `undefined`: all nodes. */
  readonly to: number | undefined;
  readonly message: Buffer;
  readonly by: Requester;
  readonly expects: Expectation | undefined;
}

interface Tracked {
  delivery: Delivery;
  readonly expects: Expectation | undefined;
  writtenAtMonotonic: number | undefined;
  /** The answer, if it arrived before the link reported that the message was written. */
  earlyAnswer?: Buffer;
  /** The same for the root's complaint. */
  earlyComplaint?: string;
}

/** How well a message matches: `exact` by its payload, `any` by its opcode alone. */
type Fit = 'exact' | 'any' | 'none';

/** Deliveries that can be looked up; a late answer is matched as long as its delivery is kept. */
const MAX_KEPT = 1000;

/** An answer that fits several deliveries goes to the oldest written within this time: a node answers in seconds. */
const ANSWERED_WITHIN_MS = 10_000;

/**
 * A complaint is about a message written within this time: the root reads a command within 1 s and sends a tracked
 * message up to 4 times, and ESP-IDF's mesh stack gives each attempt 4 s.
 */
const COMPLAINED_WITHIN_MS = 30_000;

const FINAL: ReadonlySet<DeliveryStage> = new Set(['answered', 'failed']);

export class Deliveries {
  readonly #clock: Clock;
  readonly #onStage: (delivery: Delivery) => void;
  readonly #tracked = new Map<string, Tracked>();
  readonly #awaitingAnswer = new Map<number, Set<string>>();
  readonly #runId: string;
  #count = 0;

  constructor(clock: Clock, onStage: (delivery: Delivery) => void) {
    this.#clock = clock;
    this.#onStage = onStage;
    this.#runId = clock.now().toString(36);
  }

  find(id: string): Delivery | undefined {
    return this.#tracked.get(id)?.delivery;
  }

  /** Unique, also across restarts. */
  nextId(): string {
    return `${this.#runId}-${++this.#count}`;
  }

  /** Starts a delivery at `queued`. Answers are matched from here on, before anything is written. */
  begin({ to, message, by, expects }: NewDelivery): Delivery {
    const id = this.nextId();
    const at = this.#clock.now();
    const delivery: Delivery = {
      id,
      ...by,
      message,
      stage: 'queued',
      stages: [{ stage: 'queued', at }],
      ...(to !== undefined && { to }),
    };
    this.#tracked.set(id, { delivery, expects, writtenAtMonotonic: undefined });
    if (to !== undefined && expects) this.#awaitAnswer(to, id);
    this.#forgetOldest();
    this.#onStage(delivery);
    return delivery;
  }

  onWritten(id: string): void {
    const tracked = this.#tracked.get(id);
    if (!tracked) return;
    tracked.writtenAtMonotonic = this.#clock.monotonic();
    this.#advance(id, 'written');
    if (tracked.earlyAnswer) this.#answer(tracked, tracked.earlyAnswer);
    if (tracked.earlyComplaint !== undefined) this.#reject(tracked, tracked.earlyComplaint);
  }

  onUncertain(id: string): void {
    this.#advance(id, 'uncertain');
  }

  onFailed(id: string, failure: CommandFailure): void {
    this.#advance(id, 'failed', { failure });
  }

  /** Matches a message with the delivery that it answers, if any. */
  onMessage(message: Message): void {
    const waiting = this.#awaitingAnswer.get(message.from);
    const answer = waiting && readAnswer(message);
    if (!answer) return;
    const tracked = this.#pick(waiting, answer, 'exact') ?? this.#pick(waiting, answer, 'any');
    if (tracked?.writtenAtMonotonic !== undefined) this.#answer(tracked, answer.payload);
    else if (tracked) tracked.earlyAnswer ??= answer.payload;
  }

  /**
   * The root reports in `words` that it could not send a message to this address: the newest one written has failed.
   * Returns its id; undefined if no delivery matches.
   */
  onComplaint(to: number, words: string): string | undefined {
    const tracked = this.#findRejected(to);
    if (tracked?.writtenAtMonotonic !== undefined) this.#reject(tracked, words);
    else if (tracked) tracked.earlyComplaint = words;
    return tracked?.delivery.id;
  }

  /**
   * Searches from the newest to the oldest. Deliveries that have failed already are skipped; an answered one ends the
   * search, since the root executes commands in order. A complaint can arrive before the link reports that the message
   * was written.
   */
  #findRejected(to: number): Tracked | undefined {
    const since = this.#clock.monotonic() - COMPLAINED_WITHIN_MS;
    let unwritten: Tracked | undefined;
    for (const tracked of [...this.#tracked.values()]
      .filter(({ delivery }) => delivery.to === to)
      .reverse()) {
      const { delivery, writtenAtMonotonic } = tracked;
      if (writtenAtMonotonic === undefined) {
        if (delivery.stage !== 'failed' && tracked.earlyComplaint === undefined) unwritten = tracked;
      } else if (writtenAtMonotonic < since || delivery.stage === 'answered') return unwritten;
      else if (delivery.stage !== 'failed') return tracked;
    }
    return unwritten;
  }

  /**
   * Of the matching deliveries, the oldest written recently, otherwise the last one written: one that was never answered
   * must not take the answers of its successors. An exact answer counts even before the link reports the write.
   */
  #pick(ids: Iterable<string>, answer: Answer, fit: Fit): Tracked | undefined {
    const fitting = [...ids].map((id) => this.#tracked.get(id)).filter((entry) => entry !== undefined);
    const candidates = fitting.filter(({ expects }) => expects && fitOf(expects, answer) === fit);
    const written = candidates.filter(({ writtenAtMonotonic }) => writtenAtMonotonic !== undefined);
    const since = this.#clock.monotonic() - ANSWERED_WITHIN_MS;
    const recent = written.find(({ writtenAtMonotonic = since }) => writtenAtMonotonic >= since);
    return recent ?? written.at(-1) ?? (fit === 'exact' ? candidates[0] : undefined);
  }

  #reject({ delivery }: Tracked, words: string): void {
    this.#advance(delivery.id, 'failed', { failure: 'rejectedByRoot', rootWords: words });
  }

  #answer(tracked: Tracked, payload: Buffer): void {
    this.#advance(tracked.delivery.id, 'answered', { answer: payload, ...this.#roundTrip(tracked) });
  }

  #roundTrip({ writtenAtMonotonic }: Tracked): { roundTripMs?: number } {
    return writtenAtMonotonic === undefined
      ? {}
      : { roundTripMs: Math.round((this.#clock.monotonic() - writtenAtMonotonic) * 10) / 10 };
  }

  #advance(id: string, stage: DeliveryStage, facts: Partial<Delivery> = {}): void {
    const tracked = this.#tracked.get(id);
    if (!tracked || FINAL.has(tracked.delivery.stage)) return;
    if (stage === 'written' && tracked.delivery.stage === 'uncertain') return;
    const stages = [...tracked.delivery.stages, { stage, at: this.#clock.now() }];
    tracked.delivery = { ...tracked.delivery, ...facts, stage, stages };
    if (FINAL.has(stage)) this.#stopAwaiting(tracked.delivery);
    this.#onStage(tracked.delivery);
  }

  #awaitAnswer(to: number, id: string): void {
    const waiting = this.#awaitingAnswer.get(to) ?? new Set();
    this.#awaitingAnswer.set(to, waiting.add(id));
  }

  #stopAwaiting({ to, id }: Delivery): void {
    const waiting = to === undefined ? undefined : this.#awaitingAnswer.get(to);
    waiting?.delete(id);
    if (to !== undefined && waiting?.size === 0) this.#awaitingAnswer.delete(to);
  }

  #forgetOldest(): void {
    if (this.#tracked.size <= MAX_KEPT) return;
    const [oldest] = this.#tracked.values();
    if (!oldest) return;
    this.#tracked.delete(oldest.delivery.id);
    this.#stopAwaiting(oldest.delivery);
  }
}

interface Answer {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A message as an answer. Devices may answer with any opcode, including those missing from opcodes.json. */
function readAnswer({ body, kind }: Message): Answer | undefined {
  if (kind === 'text' || kind === 'malformed') return undefined;
  const opcode = body[ADDRESS_LENGTH];
  return opcode === undefined ? undefined : { opcode, payload: body.subarray(ADDRESS_LENGTH + 1) };
}

function fitOf({ opcode, payloads }: Expectation, answer: Answer): Fit {
  if (opcode !== answer.opcode) return 'none';
  if (payloads === undefined) return 'any';
  if (!payloads.some((expected) => expected.equals(answer.payload))) return 'none';
  return answer.payload.length > 0 ? 'exact' : 'any';
}

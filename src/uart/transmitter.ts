import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { errorText } from '../base/errors.js';
import { Histogram } from '../base/histogram.js';
import type { Link } from '../link/link.js';
import { encodeFrame } from './frame.js';
import { Pacer, type PacerSettings } from './pacer.js';
import { SendQueue } from './send-queue.js';

/** Why a body was not written to the link. */
export const SEND_FAILURES = {
  noLink: 'no link to the root',
  queueFull: 'the send queue is full',
  linkLost: 'the link was lost before the command was written',
} as const;

export type SendFailure = keyof typeof SEND_FAILURES;

export class SendError extends Error {
  constructor(
    readonly reason: SendFailure,
    options?: ErrorOptions,
  ) {
    super(SEND_FAILURES[reason], options);
    this.name = 'SendError';
  }
}

export interface TransmitterSettings {
  /** Maximum number of waiting commands. */
  readonly queueLimit: number;
  readonly pacing: PacerSettings;
  /** For calculating when a frame has been sent. */
  readonly baud: number;
}

/** What was done about the frames on the wire when the root reported that it had lost half a message. */
export type HalfMessageOutcome = 'nothingSent' | 'sentAgain' | 'uncertain';

interface Sending {
  readonly frame: Buffer;
  readonly onUncertain: (() => void) | undefined;
  readonly onWritten: () => void;
  readonly onFailed: (error: SendError) => void;
  /** Monotonic ms. */
  readonly queuedAt: number;
  attempts: number;
  /** Its sender has been notified that it was written. */
  isWritten: boolean;
}

/** Monotonic ms of a frame's first and last bit, calculated from the baud rate; frames follow one another. */
interface OnTheWire {
  readonly sending: Sending;
  readonly startsAt: number;
  /** Infinity until the link has accepted all of it. */
  endsAt: number;
}

/** The root reports the loss about 10 ms later; frames that ended before this window were read completely. */
const HALF_MESSAGE_WINDOW_MS = 50;
/** A root that has lost the same frame this often will lose it again. */
const MAX_ATTEMPTS = 3;
/** Start, eight data bits, stop. */
const BITS_PER_BYTE = 10;

/** A full queue of 256 short commands takes some 8 s at 1,000 bytes a second. */
const WAIT_BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

const COUNTED = [
  'frames',
  'bytes',
  'noLink',
  'queueFull',
  'linkLost',
  'halfMessages',
  'sentAgain',
  'uncertain',
] as const;

/** Sends bodies to the link: queued, fair between owners, paced, each frame in one write. */
export class Transmitter {
  readonly counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  /** ms from queueing a body until it is written. */
  readonly waits = new Histogram(WAIT_BOUNDS_MS);
  readonly #clock: Clock;
  readonly #settings: TransmitterSettings;
  readonly #queue: SendQueue<Sending>;
  readonly #pacer: Pacer;
  #link: Link | undefined;
  #next: Sending | undefined;
  #resends: Sending[] = [];
  #onTheWire: OnTheWire[] = [];
  #wireFreeAt = 0;
  #writing: Sending | undefined;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, settings: TransmitterSettings) {
    this.#clock = clock;
    this.#settings = settings;
    this.#queue = new SendQueue(settings.queueLimit);
    this.#pacer = new Pacer(settings.pacing);
  }

  /** Number of commands waiting to be written. */
  get waiting(): number {
    return this.#queue.size + this.#resends.length + (this.#next ? 1 : 0);
  }

  /**
   * Queues a body. Resolves when its frame has been written to the link; rejects with a `SendError`.
   * `onUncertain`: the root may have lost the frame, but it is unknown whether it did.
   */
  send(owner: string, body: Buffer, onUncertain?: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const onFailed = (error: SendError) => {
        this.counters.add(error.reason);
        reject(error);
      };
      const frame = encodeFrame(body);
      const queuedAt = this.#clock.monotonic();
      const onWritten = resolve;
      const sending = { frame, onUncertain, onWritten, onFailed, queuedAt, attempts: 1, isWritten: false };
      if (!this.#link) return onFailed(new SendError('noLink'));
      if (!this.#queue.push(owner, sending)) return onFailed(new SendError('queueFull'));
      this.#pump();
    });
  }

  attach(link: Link): void {
    this.#link = link;
    this.#pump();
  }

  /** The link is gone: everything that waits or is being written fails. */
  detach(): void {
    this.#link = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const lost = new Set([this.#writing, this.#next, ...this.#resends, ...this.#queue.clear()]);
    this.#writing = undefined;
    this.#next = undefined;
    this.#resends = [];
    this.#onTheWire = [];
    this.#wireFreeAt = 0;
    for (const sending of lost) if (sending) this.#fail(sending);
  }

  /** The root reports that it lost half a message: the frame is sent again if it is certain which one it was. */
  onHalfMessage(): HalfMessageOutcome {
    this.counters.add('halfMessages');
    const suspects = this.#takeSuspects();
    const [only] = suspects;
    if (!only) return 'nothingSent';
    if (suspects.length === 1 && only.attempts < MAX_ATTEMPTS) return this.#sendAgain(only);
    for (const sending of suspects) this.#markUncertain(sending);
    return 'uncertain';
  }

  #sendAgain(sending: Sending): 'sentAgain' {
    this.counters.add('sentAgain');
    sending.attempts++;
    this.#resends.push(sending);
    this.#pump();
    return 'sentAgain';
  }

  #markUncertain(sending: Sending): void {
    this.counters.add('uncertain');
    sending.onUncertain?.();
  }

  /** A frame that has been reported as written becomes uncertain, not failed. */
  #fail(sending: Sending, options?: ErrorOptions): void {
    if (sending.isWritten) this.#markUncertain(sending);
    else sending.onFailed(new SendError('linkLost', options));
  }

  #pump(): void {
    if (this.#writing || this.#cancelTimer || !this.#link) return;
    this.#next ??= this.#resends.shift() ?? this.#queue.shift();
    if (!this.#next) return;
    const delay = this.#pacer.delayFor(this.#next.frame.length, this.#clock.monotonic());
    if (delay > 0) this.#pumpAfter(delay);
    else void this.#write(this.#link, this.#next);
  }

  #pumpAfter(delay: number): void {
    this.#cancelTimer = this.#clock.after(delay, () => {
      this.#cancelTimer = undefined;
      this.#pump();
    });
  }

  async #write(link: Link, sending: Sending): Promise<void> {
    this.#next = undefined;
    this.#writing = sending;
    const onTheWire = this.#noteOnTheWire(sending);
    const failure = await writeFailure(link, sending.frame);
    if (this.#writing !== sending) return;
    this.#writing = undefined;
    this.#noteTaken(onTheWire);
    if (failure) this.#fail(sending, failure);
    else this.#noteWritten(sending);
    this.#pump();
  }

  #noteWritten(sending: Sending): void {
    this.counters.add('frames');
    this.counters.add('bytes', sending.frame.length);
    if (!sending.isWritten) this.waits.observe(this.#clock.monotonic() - sending.queuedAt);
    sending.isWritten = true;
    sending.onWritten();
  }

  #noteOnTheWire(sending: Sending): OnTheWire {
    const startsAt = Math.max(this.#clock.monotonic(), this.#wireFreeAt);
    const onTheWire = { sending, startsAt, endsAt: Number.POSITIVE_INFINITY };
    this.#forgetOld();
    this.#onTheWire.push(onTheWire);
    return onTheWire;
  }

  /** Pacing counts from the moment when the link has accepted the last byte. */
  #noteTaken(onTheWire: OnTheWire): void {
    const now = this.#clock.monotonic();
    const { length } = onTheWire.sending.frame;
    this.#pacer.spend(length, now);
    this.#wireFreeAt =
      Math.max(now, this.#wireFreeAt) + (length * BITS_PER_BYTE * 1000) / this.#settings.baud;
    onTheWire.endsAt = this.#wireFreeAt;
  }

  /** Removes and returns the frames that were on the wire; those still waiting their turn stay. */
  #takeSuspects(): Sending[] {
    this.#forgetOld();
    const now = this.#clock.monotonic();
    const suspects = this.#onTheWire.filter(({ startsAt }) => startsAt <= now);
    this.#onTheWire = this.#onTheWire.filter(({ startsAt }) => startsAt > now);
    return suspects.map(({ sending }) => sending);
  }

  #forgetOld(): void {
    const since = this.#clock.monotonic() - HALF_MESSAGE_WINDOW_MS;
    this.#onTheWire = this.#onTheWire.filter(({ endsAt }) => endsAt >= since);
  }
}

async function writeFailure(link: Link, frame: Buffer): Promise<ErrorOptions | undefined> {
  try {
    await link.write(frame);
    return undefined;
  } catch (error) {
    return { cause: errorText(error) };
  }
}

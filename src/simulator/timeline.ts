import TinyQueue from 'tinyqueue';
import type { CancelTimer, Clock } from '../base/clock.js';

/** Something that happens at a moment of virtual time; of two at the same moment the lower `order` is first. */
interface TimedEvent {
  /** Virtual milliseconds. */
  readonly due: number;
  readonly order: number;
  /** Undefined once cancelled. */
  task: (() => void) | undefined;
}

function inOrder(one: TimedEvent, other: TimedEvent): number {
  return one.due - other.due || one.order - other.order;
}

/**
 * Virtual time: milliseconds since the mesh began. Events happen in the order in which they are due and see
 * their due time as `now`, however late the one timer behind them fires. So the clock's jitter moves when
 * traffic is seen, never what it is.
 */
export class Timeline {
  readonly #clock: Clock;
  #startedAt: number | undefined;
  #queue = new TinyQueue<TimedEvent>([], inOrder);
  #now = 0;
  #order = 0;
  #timerDue = Number.POSITIVE_INFINITY;
  #cancelTimer: CancelTimer = () => {};
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the event that is running, or ran last, was due: virtual milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** Runs `task` at this virtual time, or at once when that has passed; never before this call returns. */
  at(due: number, task: () => void): CancelTimer {
    const event: TimedEvent = { due: Math.max(due, this.#now), order: this.#order++, task };
    this.#queue.push(event);
    if (!this.#running) this.#arm();
    return () => {
      event.task = undefined;
    };
  }

  /** Runs `task` this many virtual milliseconds after the event that is running. */
  after(ms: number, task: () => void): CancelTimer {
    return this.at(this.#now + ms, task);
  }

  /** Runs `task` every `periodMs`, for the first time after `firstMs`; virtual milliseconds, without drift. */
  every(periodMs: number, firstMs: number, task: () => void): CancelTimer {
    const run = () => {
      cancel = this.after(periodMs, run);
      task();
    };
    let cancel = this.after(firstMs, run);
    return () => cancel();
  }

  /** Something comes in from outside: `task` runs at the clock's present, behind all that was due before. */
  soon(task: () => void): void {
    this.at(this.#elapsed(), task);
  }

  /** Virtual time begins to run; what is planned before that waits for it. */
  begin(): void {
    this.#startedAt ??= this.#clock.monotonic();
    this.#arm();
  }

  /** Ends it: nothing that was planned will happen. */
  stop(): void {
    this.#queue = new TinyQueue<TimedEvent>([], inOrder);
    this.#cancelTimer();
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  #elapsed(): number {
    return this.#startedAt === undefined ? 0 : this.#clock.monotonic() - this.#startedAt;
  }

  /** Whole milliseconds, rounded up: a timer that fires early would only have to be set again. */
  #arm(): void {
    if (this.#startedAt === undefined) return;
    const due = this.#queue.peek()?.due ?? Number.POSITIVE_INFINITY;
    if (due >= this.#timerDue) return;
    this.#cancelTimer();
    this.#timerDue = due;
    const ms = Math.max(0, Math.ceil(due - this.#elapsed()));
    this.#cancelTimer = this.#clock.after(ms, () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.#running = true;
    try {
      this.#runUntil(this.#elapsed());
    } finally {
      this.#running = false;
      this.#arm();
    }
  }

  /** Up to a moment fixed beforehand: a mesh too large for this computer must not hold the process for ever. */
  #runUntil(end: number): void {
    for (let next = this.#queue.peek(); next && next.due <= end; next = this.#queue.peek()) {
      this.#queue.pop();
      this.#now = next.due;
      next.task?.();
    }
  }
}

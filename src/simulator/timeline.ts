import TinyQueue from 'tinyqueue';
import type { CancelTimer, Clock } from '../base/clock.js';

/** A task at a virtual time; of two at the same time the lower `order` runs first. */
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
 * Virtual time: milliseconds since the mesh started. Events run in the order in which they are due, with their due time
 * as `now`, however late the underlying timer fires. So the clock's jitter affects when traffic is seen, never its
 * content.
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

  /** Due time of the current or last event: virtual milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** Runs `task` at this virtual time, or as soon as possible if that has passed; never before this call returns. */
  at(due: number, task: () => void): CancelTimer {
    const event: TimedEvent = { due: Math.max(due, this.#now), order: this.#order++, task };
    this.#queue.push(event);
    if (!this.#running) this.#arm();
    return () => {
      event.task = undefined;
    };
  }

  /** Runs `task` this many virtual milliseconds after the current event. */
  after(ms: number, task: () => void): CancelTimer {
    return this.at(this.#now + ms, task);
  }

  /** Runs `task` every `periodMs`, the first time after `firstMs`; virtual milliseconds, without drift. */
  every(periodMs: number, firstMs: number, task: () => void): CancelTimer {
    const run = () => {
      cancel = this.after(periodMs, run);
      task();
    };
    let cancel = this.after(firstMs, run);
    return () => cancel();
  }

  /** Runs `task` at the clock's current time, after everything that was due before. For input from outside. */
  soon(task: () => void): void {
    this.at(this.#elapsed(), task);
  }

  /** Starts virtual time; events scheduled earlier wait for this. */
  begin(): void {
    this.#startedAt ??= this.#clock.monotonic();
    this.#arm();
  }

  /** Stops virtual time and drops all scheduled events. */
  stop(): void {
    this.#queue = new TinyQueue<TimedEvent>([], inOrder);
    this.#cancelTimer();
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  #elapsed(): number {
    return this.#startedAt === undefined ? 0 : this.#clock.monotonic() - this.#startedAt;
  }

  /** Sets the timer, rounded up to a whole millisecond: one that fires early would have to be set again. */
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

  /** `end` is fixed beforehand: a mesh too large for this computer must not block the process for ever. */
  #runUntil(end: number): void {
    for (let next = this.#queue.peek(); next && next.due <= end; next = this.#queue.peek()) {
      this.#queue.pop();
      this.#now = next.due;
      next.task?.();
    }
  }
}

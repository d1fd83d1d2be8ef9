/**
 * A cooperative scheduler that shares the process's time between clients. A client's work is a generator; other work may
 * run between its steps. After a few ms of work, sockets and timers get their turn.
 *
 * Short work goes first. A client that has used up its quantum, or starts long work, moves to the queue for long work.
 * That queue runs one client at a time, a complete request (or batch member) each, so that at most one long reply is
 * being built at any time. Each kind gets half of the time while both have work.
 */
import type { Clock } from './clock.js';

/**
 * Yielded by work between two steps: `more`, a request is in progress; `next`, a request is done; `long`, the next part
 * takes much time and memory.
 */
export type Pause = 'more' | 'next' | 'long';

export type Work<Result = void> = Generator<Pause, Result>;

/** ms for each of the two kinds per pass of the event loop. */
const SLICE_MS = 4;
/** ms that a client may use before it moves to the queue for long work. */
const QUANTUM_MS = 2;

export class Turns {
  readonly #clock: Clock;
  readonly #quick: Lane[] = [];
  readonly #long: Lane[] = [];
  #isRunning = false;
  /** The next pass is scheduled: it continues the work with new time. */
  #isNextSet = false;
  /** ms used in this pass. */
  #used = { quick: 0, long: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A client's queue of work. `mayBeginLong`: false while long work must wait; call `wake` when that ends. */
  lane(mayBeginLong: () => boolean = () => true): Lane {
    return new Lane(
      mayBeginLong,
      (lane) => this.#begin(lane),
      () => this.wake(),
    );
  }

  /** Long work that had to wait may start now. */
  wake(): void {
    if (this.#long.length > 0) this.#run();
  }

  #begin(lane: Lane): void {
    this.#quick.push(lane);
    this.#run();
  }

  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#runQuick();
    this.#runLong();
    this.#isRunning = false;
    if (!this.#isNextSet && (this.#used.quick + this.#used.long > 0 || this.#hasWork())) this.#runNextPass();
  }

  #runNextPass(): void {
    this.#isNextSet = true;
    setImmediate(() => {
      this.#isNextSet = false;
      this.#used = { quick: 0, long: 0 };
      this.#run();
    });
  }

  #hasWork(): boolean {
    return this.#quick.length > 0 || this.#long.some((lane) => lane.mayContinue);
  }

  #runQuick(): void {
    while (this.#quick.length > 0 && this.#used.quick < SLICE_MS) {
      const lane = this.#quick.shift() as Lane;
      const pause = this.#measure('quick', () => this.#useQuantum(lane));
      if (pause !== 'over') this.#long.push(lane);
    }
  }

  #useQuantum(lane: Lane): Pause | 'over' {
    const end = this.#clock.monotonic() + QUANTUM_MS;
    let pause = lane.step();
    while (pause !== 'over' && pause !== 'long' && this.#clock.monotonic() < end) pause = lane.step();
    return pause;
  }

  #runLong(): void {
    while (this.#used.long < SLICE_MS) {
      const index = this.#long.findIndex((lane) => lane.mayContinue);
      const lane = this.#long[index];
      if (!lane) return;
      const pause = this.#measure('long', () => this.#useSlice(lane));
      if (pause === 'more') this.#long.unshift(...this.#long.splice(index, 1));
      else this.#long.splice(index, 1);
      if (pause === 'next' || pause === 'long') this.#long.push(lane);
      if (this.#quick.length > 0) this.#runQuick();
    }
  }

  /** Runs until the request is done, or the slice is used up: `more`. The first step starts the long part. */
  #useSlice(lane: Lane): Pause | 'over' {
    const end = this.#clock.monotonic() + SLICE_MS - this.#used.long;
    let pause = lane.step();
    while (pause === 'more' && this.#clock.monotonic() < end) pause = lane.step();
    return pause;
  }

  #measure<Result>(kind: 'quick' | 'long', run: () => Result): Result {
    const start = this.#clock.monotonic();
    const result = run();
    this.#used[kind] += this.#clock.monotonic() - start;
    return result;
  }
}

/** The work of one client, done in order. */
export class Lane {
  readonly #queue: Work[] = [];
  readonly #mayBeginLong: () => boolean;
  readonly #begin: (lane: Lane) => void;
  readonly #wake: () => void;
  #isBeforeLong = false;
  #isScheduled = false;
  #isClosed = false;

  constructor(mayBeginLong: () => boolean, begin: (lane: Lane) => void, wake: () => void) {
    this.#mayBeginLong = mayBeginLong;
    this.#begin = begin;
    this.#wake = wake;
  }

  /** Queues work; it starts at once if nothing is ahead of it. Work must not throw. */
  add(work: Work): void {
    if (this.#isClosed) return;
    this.#queue.push(work);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#begin(this);
  }

  /** The client has disconnected: its remaining work is dropped. */
  close(): void {
    this.#isClosed = true;
    if (this.#isScheduled) this.#wake();
  }

  get mayContinue(): boolean {
    return this.#isClosed || !this.#isBeforeLong || this.#mayBeginLong();
  }

  /** Runs one step; `over` if no work is left. */
  step(): Pause | 'over' {
    if (this.#isClosed) return this.#giveUp();
    const [work] = this.#queue;
    const { done, value } = work?.next() ?? { done: true, value: undefined };
    this.#isBeforeLong = !done && value === 'long';
    if (!done) return value;
    this.#queue.shift();
    if (this.#queue.length > 0) return 'next';
    this.#isScheduled = false;
    return 'over';
  }

  #giveUp(): 'over' {
    for (const work of this.#queue.splice(0)) work.return();
    this.#isScheduled = false;
    return 'over';
  }
}

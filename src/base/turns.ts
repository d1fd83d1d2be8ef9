/**
 * Shares the process's time between clients. A client's work is a generator; between two of its steps others may run.
 * Work goes on for a few ms at a time, then sockets and timers have their turn.
 *
 * A client that asks for little goes first. One that has used up its quantum, or comes to something long, joins the
 * line of those that take long: one of them at a time, each a request (or member of a batch) in whole, so that at most
 * one long reply is being put together at any time. Both kinds get half of the time while both have work.
 */
import type { Clock } from './clock.js';

/**
 * What a work says between two steps: `more`, it is in the middle of something; `next`, a request is done; `long`, what
 * follows takes long, and much memory.
 */
export type Pause = 'more' | 'next' | 'long';

export type Work<Result = void> = Generator<Pause, Result>;

/** ms for each of the two kinds until the event loop has its turn. */
const SLICE_MS = 4;
/** ms that a client may use before it counts as one that takes long. */
const QUANTUM_MS = 2;

export class Turns {
  readonly #clock: Clock;
  readonly #quick: Lane[] = [];
  readonly #long: Lane[] = [];
  #isRunning = false;
  /** The slice of this pass through the event loop has begun: the next one goes on, and gives time again. */
  #isNextSet = false;
  /** ms of this pass that are used. */
  #used = { quick: 0, long: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One client's line of works. `mayBeginLong`: false while something long has to wait; `wake` is called then. */
  lane(mayBeginLong: () => boolean = () => true): Lane {
    return new Lane(
      mayBeginLong,
      (lane) => this.#begin(lane),
      () => this.wake(),
    );
  }

  /** Something long that had to wait may begin now. */
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
    return this.#quick.length > 0 || this.#long.some((lane) => lane.mayGoOn);
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
      const index = this.#long.findIndex((lane) => lane.mayGoOn);
      const lane = this.#long[index];
      if (!lane) return;
      const pause = this.#measure('long', () => this.#useSlice(lane));
      if (pause === 'more') this.#long.unshift(...this.#long.splice(index, 1));
      else this.#long.splice(index, 1);
      if (pause === 'next' || pause === 'long') this.#long.push(lane);
      if (this.#quick.length > 0) this.#runQuick();
    }
  }

  /** Until its request is done, or the slice is over: `more`. A first step leads into what is long. */
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

/** The works of one client, done one after the other. */
export class Lane {
  readonly #works: Work[] = [];
  readonly #mayBeginLong: () => boolean;
  readonly #begin: (lane: Lane) => void;
  readonly #wake: () => void;
  #isBeforeLong = false;
  #isInLine = false;
  #isClosed = false;

  constructor(mayBeginLong: () => boolean, begin: (lane: Lane) => void, wake: () => void) {
    this.#mayBeginLong = mayBeginLong;
    this.#begin = begin;
    this.#wake = wake;
  }

  /** Does a work when its turn comes; at once, where nobody is before it. A work must not throw. */
  add(work: Work): void {
    if (this.#isClosed) return;
    this.#works.push(work);
    if (this.#isInLine) return;
    this.#isInLine = true;
    this.#begin(this);
  }

  /** The client is gone: what it still wanted is not done. */
  close(): void {
    this.#isClosed = true;
    if (this.#isInLine) this.#wake();
  }

  get mayGoOn(): boolean {
    return this.#isClosed || !this.#isBeforeLong || this.#mayBeginLong();
  }

  /** Goes one step; `over` when there is nothing more to do. */
  step(): Pause | 'over' {
    if (this.#isClosed) return this.#giveUp();
    const [work] = this.#works;
    const { done, value } = work?.next() ?? { done: true, value: undefined };
    this.#isBeforeLong = !done && value === 'long';
    if (!done) return value;
    this.#works.shift();
    if (this.#works.length > 0) return 'next';
    this.#isInLine = false;
    return 'over';
  }

  #giveUp(): 'over' {
    for (const work of this.#works.splice(0)) work.return();
    this.#isInLine = false;
    return 'over';
  }
}

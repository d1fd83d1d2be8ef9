import type { CancelTimer } from '../../base/clock.js';
import { Random } from '../random.js';
import { drawFrom } from '../span.js';
import type { VirtualRoot } from '../virtual-root.js';
import { startEpisodes } from './episodes.js';
import type { FaultContext, LineFault, Passing } from './fault.js';
import type { FaultPlan } from './fault-plan.js';

/** A root that sends nothing for this long resets between frames. */
const FRAME_WITHIN_MS = 2_000;

const NOTHING = Buffer.alloc(0);

/**
 * The root resets spontaneously, between frames or in the middle of one, whose rest is never sent. Frames that would have
 * followed the cut one at the same moment are lost too.
 */
export class Resets implements LineFault {
  readonly name = 'resets';
  readonly #options: FaultContext;
  readonly #settings: NonNullable<FaultPlan['resets']>;
  readonly #root: VirtualRoot;
  readonly #random: Random;
  #state: 'running' | 'awaitingFrame' | 'resetting' = 'running';
  #cancelWait: CancelTimer = () => {};

  constructor(options: FaultContext, settings: NonNullable<FaultPlan['resets']>, root: VirtualRoot) {
    this.#options = options;
    this.#settings = settings;
    this.#root = root;
    this.#random = Random.of(options.seed, 'faults', 'resets');
  }

  start(): void {
    const { timeline, onBegin } = this.#options;
    startEpisodes({ timeline, random: this.#random, after: this.#settings.after_s }, (done) => {
      const times = Math.round(drawFrom(this.#random, this.#settings.times));
      onBegin(times === 1 ? 'the root resets' : `the root resets ${times} times`);
      this.#resetTimes(times, done);
    });
  }

  disturb(bytes: Buffer, { atMs, isFrame }: Passing): Buffer {
    if (this.#state === 'resetting') return NOTHING;
    if (this.#state === 'running' || !isFrame) return bytes;
    this.#options.counters.add('framesCut');
    this.#reset();
    const random = Random.of(this.#options.seed, 'faults', 'cut', atMs, bytes.toString('latin1'));
    return bytes.subarray(0, random.int(1, bytes.length - 1));
  }

  #resetTimes(times: number, done: () => void): void {
    this.#beginReset();
    const next = times > 1 ? () => this.#resetTimes(times - 1, done) : done;
    this.#options.timeline.after(drawFrom(this.#random, this.#settings.apart_s), next);
  }

  #beginReset(): void {
    if (this.#state !== 'running') return;
    if (this.#settings.in_frame && this.#root.online) this.#awaitFrame();
    else this.#reset();
  }

  #awaitFrame(): void {
    this.#state = 'awaitingFrame';
    this.#cancelWait = this.#options.timeline.after(FRAME_WITHIN_MS, () => this.#reset());
  }

  /** Deferred, since the root may be in the middle of sending a list. */
  #reset(): void {
    this.#cancelWait();
    this.#state = 'resetting';
    this.#options.timeline.after(0, () => {
      this.#state = 'running';
      this.#options.counters.add('resets');
      this.#options.onEnd('resets', 0);
      this.#root.boot('crash');
    });
  }
}

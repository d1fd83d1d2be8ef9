import type { CancelTimer } from '../../base/clock.js';
import type { BootCause } from '../boot-log.js';
import { Random } from '../random.js';
import { drawFrom } from '../span.js';
import type { VirtualRoot } from '../virtual-root.js';
import { startEpisodes } from './episodes.js';
import type { FaultContext, LineFault } from './fault.js';
import type { FaultCount } from './fault-counters.js';
import type { FaultPlan } from './fault-plan.js';

type Silence = NonNullable<FaultPlan['silence']>[number];

/** Delay before a silence is tried again when the root is booting or already silent. */
const RETRY_MS = 1_000;

const NOTHING = Buffer.alloc(0);

const TEXTS = {
  restart: 'the root hangs, until RST-R',
  lines: 'the root hangs, until DTR/RTS reset it',
  reopen: 'the port is stuck, until it is reopened',
} as const;

const ENDS: Readonly<Record<BootCause | 'time', FaultCount>> = {
  time: 'endedByTime',
  restart: 'endedByRestart',
  crash: 'endedByRestart',
  powerOn: 'endedByRestart',
  lines: 'endedByLines',
};

/**
 * Silences, one at a time. A root that hangs sends and does nothing; a stuck port loses everything in both directions,
 * modem lines included, while the root keeps running.
 */
export class Silences {
  readonly fromRoot: LineFault;
  readonly toRoot: LineFault;
  readonly #options: FaultContext;
  readonly #settings: readonly Silence[];
  readonly #root: VirtualRoot;
  /** Ends the current silence. */
  #end: ((by: FaultCount) => void) | undefined;
  #isStuck = false;

  constructor(options: FaultContext, settings: readonly Silence[], root: VirtualRoot) {
    this.#options = options;
    this.#settings = settings;
    this.#root = root;
    this.fromRoot = this.#line('bytesStuck');
    this.toRoot = this.#line('bytesStuckToRoot');
  }

  /** Whether the port is stuck: nothing passes through it. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  start(): void {
    const { seed, timeline } = this.#options;
    this.#settings.forEach((silence, index) => {
      const random = Random.of(seed, 'faults', 'silence', index);
      startEpisodes({ timeline, random, after: silence.after_s }, (done) =>
        this.#begin(silence, random, done),
      );
    });
  }

  /** Called when the port has been reopened. */
  onReopened(): void {
    if (this.#isStuck) this.#end?.('endedByReopen');
  }

  #begin(silence: Silence, random: Random, done: () => void): void {
    const { timeline, counters, onBegin, onEnd } = this.#options;
    if (this.#end || !this.#root.online) {
      timeline.after(RETRY_MS, () => this.#begin(silence, random, done));
      return;
    }
    const { until, for_s: lasting } = silence;
    counters.add('silences');
    onBegin(until === undefined ? 'the root falls silent for a while' : TEXTS[until]);
    let cancelTimer: CancelTimer = () => {};
    const begunAt = timeline.now;
    this.#end = (by) => {
      cancelTimer();
      this.#end = undefined;
      this.#isStuck = false;
      counters.add(by);
      onEnd(by, timeline.now - begunAt);
      done();
    };
    if (lasting) cancelTimer = timeline.after(drawFrom(random, lasting), () => this.#endByTime());
    if (until === 'reopen') this.#isStuck = true;
    else this.#root.hang(until ?? 'time', (by) => this.#end?.(ENDS[by]));
  }

  #endByTime(): void {
    if (this.#isStuck) this.#end?.('endedByTime');
    else this.#root.wake();
  }

  #line(count: 'bytesStuck' | 'bytesStuckToRoot'): LineFault {
    return {
      name: 'silence',
      disturb: (bytes) => {
        if (!this.#isStuck) return bytes;
        this.#options.counters.add(count, bytes.length);
        return NOTHING;
      },
    };
  }
}

import { Random } from '../random.js';
import { drawFrom } from '../span.js';
import { startEpisodes } from './episodes.js';
import type { FaultContext } from './fault.js';
import type { FaultPlan } from './fault-plan.js';

/** The USB adapter is unplugged and plugged in again. The root has its own power and keeps running. */
export class HangUps {
  readonly #options: FaultContext;
  readonly #settings: NonNullable<FaultPlan['hang_ups']>;
  readonly #unplug: (backAfterMs: number) => void;
  #isPlugged = true;

  constructor(
    options: FaultContext,
    settings: NonNullable<FaultPlan['hang_ups']>,
    unplug: (backAfterMs: number) => void,
  ) {
    this.#options = options;
    this.#settings = settings;
    this.#unplug = unplug;
  }

  get isPlugged(): boolean {
    return this.#isPlugged;
  }

  start(): void {
    const { seed, timeline, counters, onBegin, onEnd } = this.#options;
    const { after_s: after, for_s: lasting } = this.#settings;
    const random = Random.of(seed, 'faults', 'hang-ups');
    startEpisodes({ timeline, random, after }, (done) => {
      const backAfterMs = drawFrom(random, lasting);
      counters.add('hangUps');
      onBegin(`the device is unplugged for ${(backAfterMs / 1000).toFixed(1)} s`);
      this.#isPlugged = false;
      timeline.after(backAfterMs, () => {
        this.#isPlugged = true;
        onEnd('hangUps', backAfterMs);
        done();
      });
      this.#unplug(backAfterMs);
    });
  }
}

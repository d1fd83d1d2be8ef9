import { Random } from '../random.js';
import { drawFrom } from '../span.js';
import { startEpisodes } from './episodes.js';
import type { FaultContext, LineFault } from './fault.js';
import type { FaultPlan } from './fault-plan.js';
import { resample } from './resample.js';

/** The baud rate of the reader's port. */
const READ_BAUD = 115_200;

/** The root sends and reads at another baud rate for a while. */
export class WrongBaud {
  readonly fromRoot: LineFault;
  readonly toRoot: LineFault;
  readonly #options: FaultContext;
  readonly #settings: NonNullable<FaultPlan['wrong_baud']>;
  #isWrong = false;

  constructor(options: FaultContext, settings: NonNullable<FaultPlan['wrong_baud']>) {
    const { baud } = settings;
    this.#options = options;
    this.#settings = settings;
    this.fromRoot = this.#line('bytesGarbled', (bytes) => resample(bytes, baud, READ_BAUD));
    this.toRoot = this.#line('bytesGarbledToRoot', (bytes) => resample(bytes, READ_BAUD, baud));
  }

  start(): void {
    const { seed, timeline, counters, onBegin, onEnd } = this.#options;
    const { after_s: after, for_s: lasting, baud } = this.#settings;
    const random = Random.of(seed, 'faults', 'wrong baud');
    startEpisodes({ timeline, random, after }, (done) => {
      this.#isWrong = true;
      counters.add('wrongBauds');
      onBegin(`the root sends at ${baud} baud`);
      const lastsMs = drawFrom(random, lasting);
      timeline.after(lastsMs, () => {
        this.#isWrong = false;
        onEnd('wrongBauds', lastsMs);
        done();
      });
    });
  }

  #line(count: 'bytesGarbled' | 'bytesGarbledToRoot', garble: (bytes: Buffer) => Buffer): LineFault {
    return {
      name: 'wrong_baud',
      disturb: (bytes) => {
        if (!this.#isWrong) return bytes;
        this.#options.counters.add(count, bytes.length);
        return garble(bytes);
      },
    };
  }
}

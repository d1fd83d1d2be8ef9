import type { ProcessSample } from './gateway-process.js';

/** One minute of a gateway process. */
export interface Minute {
  /** Which process: 1, 2, 3 … */
  readonly run: number;
  /** Of the soak. */
  readonly minute: number;
  readonly residentMb: number;
  /** Live heap after the last garbage collection; undefined before the first. */
  readonly liveHeapMb: number | undefined;
  readonly descriptors: number;
  /** Of a core. */
  readonly cpuPercent: number;
  /** The longest response time to `hello`. */
  readonly slowestAnswerMs: number;
}

interface Point {
  /** Minutes since the process began. */
  readonly at: number;
  readonly sample: ProcessSample;
}

/** A process needs this long to reach its usual size. */
const WARM_UP_MINUTES = 2;

/** Memory, descriptors and CPU of each process of the gateway. */
export class Vitals {
  readonly minutes: Minute[] = [];
  readonly #startedAt: number;
  #run = 0;
  #runStartedAt = 0;
  #points: Point[] = [];
  #slowestMs = 0;
  #minuteStart: { readonly at: number; readonly cpuS: number } | undefined;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  onProcessStart(now: number): void {
    this.#run++;
    this.#runStartedAt = now;
    this.#points = [];
    this.#minuteStart = { at: now, cpuS: 0 };
  }

  onAnswer(ms: number): void {
    this.#slowestMs = Math.max(this.#slowestMs, ms);
  }

  onSample(sample: ProcessSample, now: number): void {
    this.#points.push({ at: (now - this.#runStartedAt) / 60_000, sample });
    const start = this.#minuteStart;
    if (start && now - start.at >= 60_000) this.#endMinute(sample, start, now);
  }

  /** Growth of the current process's live heap after its warm-up, MB per minute; undefined if it is too young. */
  slope(): { readonly mbPerMinute: number; readonly minutes: number } | undefined {
    const points = this.#points.flatMap(({ at, sample }) => {
      const mb = megabytes(sample);
      return at < WARM_UP_MINUTES || mb === undefined ? [] : [{ at, mb }];
    });
    const minutes = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0);
    if (minutes < 1) return undefined;
    const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
    const meanAt = mean(points.map(({ at }) => at));
    const meanMb = mean(points.map(({ mb }) => mb));
    const spread = points.map(({ at }) => (at - meanAt) ** 2).reduce((sum, each) => sum + each, 0);
    const common = points.map(({ at, mb }) => (at - meanAt) * (mb - meanMb));
    return { mbPerMinute: common.reduce((sum, each) => sum + each, 0) / spread, minutes };
  }

  #endMinute(
    sample: ProcessSample,
    start: { readonly at: number; readonly cpuS: number },
    now: number,
  ): void {
    this.minutes.push({
      run: this.#run,
      minute: Math.round((now - this.#startedAt) / 60_000),
      residentMb: sample.residentBytes / 1e6,
      liveHeapMb: megabytes(sample),
      descriptors: sample.descriptors,
      cpuPercent: ((sample.cpuS - start.cpuS) / ((now - start.at) / 1000)) * 100,
      slowestAnswerMs: this.#slowestMs,
    });
    this.#slowestMs = 0;
    this.#minuteStart = { at: now, cpuS: sample.cpuS };
  }
}

function megabytes({ liveHeapBytes }: ProcessSample): number | undefined {
  return liveHeapBytes === undefined ? undefined : liveHeapBytes / 1e6;
}

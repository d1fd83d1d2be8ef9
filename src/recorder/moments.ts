import type { Entry } from './recording.js';

/** Longer pauses between records are shortened to this: there may be months between two runs of a gateway. */
const LONGEST_GAP_MS = 3_600_000;

/** The time of each record: ms since the first, regardless of changes to the host clock. */
export class Moments {
  #before: Entry | undefined;
  #ms = 0;
  /** The record from which times of the same run are computed. */
  #base = { us: 0, ms: 0 };

  momentOf(entry: Entry): number {
    const gap = gapBetween(this.#before, entry);
    const isContinuous = this.#before?.run === entry.run && gap <= LONGEST_GAP_MS;
    if (!isContinuous) this.#base = { us: entry.us, ms: this.#ms + Math.min(gap, LONGEST_GAP_MS) };
    this.#before = entry;
    this.#ms = this.#base.ms + (entry.us - this.#base.us) / 1000;
    return this.#ms;
  }
}

/** ms. Monotonic clocks of different runs are not comparable: between runs the host clock is used. */
function gapBetween(before: Entry | undefined, entry: Entry): number {
  if (!before) return 0;
  const ms = before.run === entry.run ? (entry.us - before.us) / 1000 : entry.at - before.at;
  return Math.max(0, ms);
}

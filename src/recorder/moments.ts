import type { Entry } from './recording.js';

/** A longer time without a record is left out: between two runs of a gateway there may be a winter. */
const LONGEST_GAP_MS = 3_600_000;

/** When each record of a recording happens: ms since the first, however the host clock was set meanwhile. */
export class Moments {
  #before: Entry | undefined;
  #ms = 0;
  /** A record, and when it happens, from which those of the same run are reckoned. */
  #base = { us: 0, ms: 0 };

  momentOf(entry: Entry): number {
    const gap = gapBetween(this.#before, entry);
    const goesOn = this.#before?.run === entry.run && gap <= LONGEST_GAP_MS;
    if (!goesOn) this.#base = { us: entry.us, ms: this.#ms + Math.min(gap, LONGEST_GAP_MS) };
    this.#before = entry;
    this.#ms = this.#base.ms + (entry.us - this.#base.us) / 1000;
    return this.#ms;
  }
}

/** ms. The monotonic clocks of two runs have nothing in common: between them the host clock counts. */
function gapBetween(before: Entry | undefined, entry: Entry): number {
  if (!before) return 0;
  const ms = before.run === entry.run ? (entry.us - before.us) / 1000 : entry.at - before.at;
  return Math.max(0, ms);
}

/** A range of event numbers from a gap notice. */
interface GapRange {
  readonly from: number;
  readonly to: number;
}

/** Ranges that are remembered: values from a gap may still come, but soon. */
const REMEMBERED = 100;

/** Checks that a stream of all events skips no number without a gap notice. */
export class Numbering {
  #next: number | undefined;
  readonly #gapRanges: GapRange[] = [];
  /** Numbers covered by gap notices. */
  gapNumbers = 0;
  gaps = 0;
  /** Numbers missing without a notice, or received twice. */
  faults = 0;

  get last(): number | undefined {
    return this.#next === undefined ? undefined : this.#next - 1;
  }

  /** The faults since the last call. */
  takeFaults(): number {
    const { faults } = this;
    this.faults = 0;
    return faults;
  }

  onGap(from: number, to: number | null): void {
    this.gaps++;
    const last = to ?? from - 1;
    this.gapNumbers += last - from + 1;
    if (this.#next !== undefined && to !== null && from > this.#next) this.faults += from - this.#next;
    this.#gapRanges.push({ from, to: last });
    if (this.#gapRanges.length > REMEMBERED) this.#gapRanges.shift();
    this.#next = to === null ? undefined : Math.max(this.#next ?? 0, last + 1);
  }

  onEvent(seq: number): void {
    if (this.#next === undefined || seq === this.#next) this.#next = seq + 1;
    else if (seq > this.#next) {
      this.faults += seq - this.#next;
      this.#next = seq + 1;
    } else if (!this.#gapRanges.some(({ from, to }) => from <= seq && seq <= to)) this.faults++;
  }
}

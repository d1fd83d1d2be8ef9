/** A range of event numbers that a client was told it will not get. */
interface Told {
  readonly from: number;
  readonly to: number;
}

/** Ranges that are remembered: values behind a gap come late, but soon. */
const REMEMBERED = 100;

/** Whether a stream of all events leaves out no number without a word. */
export class Numbering {
  #next: number | undefined;
  readonly #told: Told[] = [];
  /** Numbers that a gap notice told. */
  toldNumbers = 0;
  gaps = 0;
  /** Numbers that are missing without a notice, or that came twice. */
  faults = 0;

  get last(): number | undefined {
    return this.#next === undefined ? undefined : this.#next - 1;
  }

  /** The faults since it was last asked. */
  takeFaults(): number {
    const { faults } = this;
    this.faults = 0;
    return faults;
  }

  onGap(from: number, to: number | null): void {
    this.gaps++;
    const last = to ?? from - 1;
    this.toldNumbers += last - from + 1;
    if (this.#next !== undefined && to !== null && from > this.#next) this.faults += from - this.#next;
    this.#told.push({ from, to: last });
    if (this.#told.length > REMEMBERED) this.#told.shift();
    this.#next = to === null ? undefined : Math.max(this.#next ?? 0, last + 1);
  }

  onEvent(seq: number): void {
    if (this.#next === undefined || seq === this.#next) this.#next = seq + 1;
    else if (seq > this.#next) {
      this.faults += seq - this.#next;
      this.#next = seq + 1;
    } else if (!this.#told.some(({ from, to }) => from <= seq && seq <= to)) this.faults++;
  }
}

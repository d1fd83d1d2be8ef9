/** The newest entries up to a limit, oldest first. */
export class Ring<Entry> {
  readonly #limit: number;
  #entries: Entry[] = [];

  /** `limit`: entries kept; up to a quarter more are stored, so that trimming is rare. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit * 1.25) this.#entries = this.#entries.slice(-this.#limit);
  }

  get length(): number {
    return Math.min(this.#entries.length, this.#limit);
  }

  get last(): Entry | undefined {
    return this.#entries.at(-1);
  }

  toArray(): Entry[] {
    return this.#entries.slice(-this.#limit);
  }

  clear(): void {
    this.#entries = [];
  }
}

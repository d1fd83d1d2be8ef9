/** Bytes that many hold together, each a part: bounded over all, since each alone may hold much. */
export class SharedRoom {
  readonly #limit: number;
  #used = 0;

  /** `limit`: bytes over all parts. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get isOver(): boolean {
    return this.#used > this.#limit;
  }

  /** A part has changed its size. */
  change(from: number, to: number): void {
    this.#used += to - from;
  }
}

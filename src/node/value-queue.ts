/** One value of a node, as it came. */
export interface TimedValue {
  /** ms since the epoch, host clock: what counts. */
  readonly receivedAt: number;
  /** ms since the epoch, the device's own clock; only where the value carries one. */
  readonly deviceTime?: number;
  readonly bytes: Buffer;
}

/** The last values of one data type, oldest first. */
export class ValueQueue {
  readonly #limit: number;
  readonly #values: TimedValue[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get latest(): TimedValue | undefined {
    return this.#values.at(-1);
  }

  push(value: TimedValue): void {
    if (this.#values.length === this.#limit) this.#values.shift();
    this.#values.push(value);
  }

  /** A copy, oldest first. */
  all(): TimedValue[] {
    return [...this.#values];
  }
}

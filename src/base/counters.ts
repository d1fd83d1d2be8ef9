/**
 * Counters for a fixed list of reasons. Every reason is present from the start, so that zeros are visible too.
 */
export class Counters<Reason extends string> {
  readonly #counts: Record<Reason, number>;

  constructor(reasons: readonly Reason[]) {
    this.#counts = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
  }

  add(reason: Reason, amount = 1): void {
    this.#counts[reason] += amount;
  }

  get(reason: Reason): number {
    return this.#counts[reason];
  }

  /** A copy: reason → count. */
  snapshot(): Readonly<Record<Reason, number>> {
    return { ...this.#counts };
  }
}

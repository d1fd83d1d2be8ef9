/** Messages a second, counted by the page. */
const SECONDS_KEPT = 60;
/** The figure is the mean of so many seconds: steady enough to be read. */
const MEAN_OVER_S = 5;

export class Rate {
  readonly #counts = new Map<number, number>();

  /** `at`: ms since the epoch, host clock. */
  count(at: number): void {
    const second = Math.floor(at / 1000);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + 1);
    if (this.#counts.size > 2 * SECONDS_KEPT) this.#forgetBefore(second - SECONDS_KEPT);
  }

  /** Messages in each of the last 60 whole seconds, oldest first. */
  history(now: number): number[] {
    const second = Math.floor(now / 1000);
    return Array.from(
      { length: SECONDS_KEPT },
      (_, index) => this.#counts.get(second - SECONDS_KEPT + index) ?? 0,
    );
  }

  /** Messages a second, of late. */
  perSecond(now: number): number {
    const recent = this.history(now).slice(-MEAN_OVER_S);
    return recent.reduce((sum, count) => sum + count, 0) / MEAN_OVER_S;
  }

  #forgetBefore(second: number): void {
    for (const key of this.#counts.keys()) if (key < second) this.#counts.delete(key);
  }
}

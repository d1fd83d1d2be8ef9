/** Messages per second, counted by the page. */
const SECONDS_KEPT = 60;
/** Seconds that the displayed rate is averaged over: steady enough to read. */
const AVERAGED_S = 5;

export class Rate {
  readonly #counts = new Map<number, number>();

  /** `at`: ms since the epoch, host clock. */
  count(at: number): void {
    const second = Math.floor(at / 1000);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + 1);
    if (this.#counts.size > 2 * SECONDS_KEPT) this.#forgetBefore(second - SECONDS_KEPT);
  }

  /** Messages in each of the last 60 full seconds, oldest first. */
  history(now: number): number[] {
    const second = Math.floor(now / 1000);
    return Array.from(
      { length: SECONDS_KEPT },
      (_, index) => this.#counts.get(second - SECONDS_KEPT + index) ?? 0,
    );
  }

  /** Messages per second, averaged over the last seconds. */
  perSecond(now: number): number {
    const recent = this.history(now).slice(-AVERAGED_S);
    return recent.reduce((sum, count) => sum + count, 0) / AVERAGED_S;
  }

  #forgetBefore(second: number): void {
    for (const key of this.#counts.keys()) if (key < second) this.#counts.delete(key);
  }
}

/** Time from the end of each fault until a whole frame sent after it is delivered. */
export interface Times {
  readonly count: number;
  readonly medianMs: number;
  readonly longestMs: number;
}

interface Waiting {
  readonly kind: string;
  /** ms since the epoch. */
  readonly endedAt: number;
}

/** Times kept per kind: faults of single bytes are many. */
const KEPT = 100_000;

export class Recoveries {
  #waiting: Waiting[] = [];
  readonly #times = new Map<string, number[]>();

  /** Called when a fault has ended. */
  onOver(kind: string, endedAt: number): void {
    this.#waiting.push({ kind, endedAt });
  }

  /** A whole frame that was handed to the port at `handedAt` was published by the gateway at `at`. */
  onDelivered(handedAt: number, at: number): void {
    if (this.#waiting.length === 0) return;
    const over = this.#waiting.filter(({ endedAt }) => endedAt <= handedAt);
    if (over.length === 0) return;
    this.#waiting = this.#waiting.filter(({ endedAt }) => endedAt > handedAt);
    for (const { kind, endedAt } of over) this.#add(kind, Math.max(0, at - endedAt));
  }

  of(kind: string): Times | undefined {
    const sorted = [...(this.#times.get(kind) ?? [])].sort((a, b) => a - b);
    const longestMs = sorted.at(-1);
    if (longestMs === undefined) return undefined;
    return { count: sorted.length, medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0, longestMs };
  }

  /** Faults after which nothing was delivered. */
  get open(): readonly string[] {
    return this.#waiting.map(({ kind }) => kind);
  }

  #add(kind: string, ms: number): void {
    const times = this.#times.get(kind) ?? [];
    if (times.length < KEPT) times.push(ms);
    this.#times.set(kind, times);
  }
}

/**
 * Connections that are not identified yet, oldest first. A new one is always admitted: beyond the limit the oldest is
 * evicted, so that silent connections can't block others.
 */
export class WaitingRoom<Waiting> {
  readonly #limit: number;
  readonly #evict: (oldest: Waiting) => void;
  readonly #waiting = new Set<Waiting>();

  /** `evict`: ends a connection, which has already been removed. */
  constructor(limit: number, evict: (oldest: Waiting) => void) {
    this.#limit = limit;
    this.#evict = evict;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(waiting: Waiting): boolean {
    return this.#waiting.has(waiting);
  }

  add(waiting: Waiting): void {
    this.#waiting.add(waiting);
    if (this.#waiting.size > this.#limit) this.evictOldest();
  }

  /** Does nothing if it is not waiting. */
  delete(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  /** False if there is none. */
  evictOldest(): boolean {
    for (const oldest of this.#waiting) {
      this.#waiting.delete(oldest);
      this.#evict(oldest);
      return true;
    }
    return false;
  }
}

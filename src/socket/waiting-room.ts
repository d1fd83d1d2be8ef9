/**
 * Connections that have not shown yet what they are, oldest first. There is always room for one more: beyond the limit
 * the oldest makes room, so that those that say nothing can not shut out one that is about to speak.
 */
export class WaitingRoom<Waiting> {
  readonly #limit: number;
  readonly #turnOut: (oldest: Waiting) => void;
  readonly #waiting = new Set<Waiting>();

  /** `turnOut` ends a connection; it is no longer in the room then. */
  constructor(limit: number, turnOut: (oldest: Waiting) => void) {
    this.#limit = limit;
    this.#turnOut = turnOut;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(waiting: Waiting): void {
    this.#waiting.add(waiting);
    if (this.#waiting.size > this.#limit) this.turnOutOldest();
  }

  /** Harmless for one that is not there. */
  delete(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  /** False where nobody waits. */
  turnOutOldest(): boolean {
    for (const oldest of this.#waiting) {
      this.#waiting.delete(oldest);
      this.#turnOut(oldest);
      return true;
    }
    return false;
  }
}

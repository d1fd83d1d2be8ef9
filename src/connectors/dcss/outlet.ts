/**
 * What waits to be written to DCSS. While DCSS reads too slowly, a message with a key replaces the one before it with the same key
 * (positions, strings); nothing else is dropped. More than 4 MiB end the connection.
 */
export interface OutletOptions {
  /** Resolves when the system has taken the bytes; rejects if the link has ended. */
  readonly write: (bytes: Buffer) => Promise<void>;
  readonly onFull: () => void;
}

const MAX_WAITING = 4_194_304;
/** Given to the system before it has taken them. */
const MAX_IN_FLIGHT = 65_536;

export class Outlet {
  readonly #options: OutletOptions;
  /** In the order of sending; a message without a key has a number of its own. */
  readonly #queue = new Map<string | number, Buffer>();
  #count = 0;
  #waiting = 0;
  #inFlight = 0;
  #coalesced = 0;
  #epoch = 0;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  get coalesced(): number {
    return this.#coalesced;
  }

  get waitingBytes(): number {
    return this.#waiting + this.#inFlight;
  }

  push(bytes: Buffer, key?: string): void {
    if (this.#queue.size === 0 && this.#inFlight < MAX_IN_FLIGHT) {
      this.#write(bytes);
      return;
    }
    const before = key === undefined ? undefined : this.#queue.get(key);
    if (before) this.#coalesced++;
    this.#waiting += bytes.length - (before?.length ?? 0);
    // At the end: what has been queued since then must not be overtaken.
    if (key !== undefined) this.#queue.delete(key);
    this.#queue.set(key ?? this.#count++, bytes);
    if (this.#waiting > MAX_WAITING) this.#options.onFull();
  }

  /** The connection has ended. */
  clear(): void {
    this.#epoch++;
    this.#queue.clear();
    this.#waiting = 0;
    this.#inFlight = 0;
  }

  #write(bytes: Buffer): void {
    const epoch = this.#epoch;
    this.#inFlight += bytes.length;
    // The owner of a link that has ended learns of it from the link itself.
    this.#options.write(bytes).then(
      () => epoch === this.#epoch && this.#onWritten(bytes.length),
      () => {},
    );
  }

  #onWritten(length: number): void {
    this.#inFlight -= length;
    for (const [key, bytes] of this.#queue) {
      if (this.#inFlight >= MAX_IN_FLIGHT) return;
      this.#queue.delete(key);
      this.#waiting -= bytes.length;
      this.#write(bytes);
    }
  }
}

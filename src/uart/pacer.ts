/**
 * Limits the send rate. The root reads its UART in blocks of 1,024 bytes or 1 s, and loses a frame that straddles two of
 * them; so at most `bytes` encoded bytes are sent in any `windowMs`.
 */
export interface PacerSettings {
  /** Encoded bytes in any window; 0 disables pacing. */
  readonly bytes: number;
  readonly windowMs: number;
}

export class Pacer {
  readonly #settings: PacerSettings;
  #spent: { readonly at: number; readonly bytes: number }[] = [];

  constructor(settings: PacerSettings) {
    this.#settings = settings;
  }

  /** ms until a frame of this many bytes may be sent. A frame above the limit is sent alone. */
  delayFor(length: number, now: number): number {
    if (this.#settings.bytes === 0) return 0;
    this.#forget(now);
    let free = this.#settings.bytes - this.#spent.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { at, bytes } of this.#spent) {
      if (free >= length) return 0;
      free += bytes;
      if (free >= length) return at + this.#settings.windowMs - now;
    }
    const last = this.#spent.at(-1);
    return free >= length || !last ? 0 : last.at + this.#settings.windowMs - now;
  }

  /** Records that a frame of this many bytes is sent now. */
  spend(length: number, now: number): void {
    if (this.#settings.bytes > 0) this.#spent.push({ at: now, bytes: length });
  }

  #forget(now: number): void {
    const since = now - this.#settings.windowMs;
    while (this.#spent[0] && this.#spent[0].at <= since) this.#spent.shift();
  }
}

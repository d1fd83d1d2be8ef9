import type { CancelTimer, Clock } from '../base/clock.js';

/** Notices silence. `restart` may be called for each input: it only notes the time. */
export class SilenceTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onSilent: () => void;
  #heardAt = 0;
  #cancel: CancelTimer | undefined;

  constructor(clock: Clock, ms: number, onSilent: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onSilent = onSilent;
  }

  start(): void {
    this.stop();
    this.restart();
    this.#wait(this.#ms);
  }

  restart(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => this.#check());
  }

  #check(): void {
    const left = this.#heardAt + this.#ms - this.#clock.monotonic();
    this.#wait(left > 0 ? left : this.#ms);
    if (left <= 0) this.#onSilent();
  }
}

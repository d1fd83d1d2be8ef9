import type { Log } from '../base/log.js';

/** How the reason begins if the thread itself is the fault. */
export const THREAD_DIED = 'the thread that writes it died';

/** Why the store is not written, reported once until it works again. */
export class StoreFault {
  readonly #log: Log;
  readonly #onChange: (why: string | undefined) => void;
  #why: string | undefined;

  /** `onChange`: undefined once the store works again. */
  constructor(log: Log, onChange: (why: string | undefined) => void) {
    this.#log = log;
    this.#onChange = onChange;
  }

  /** Undefined while the store is written. */
  get why(): string | undefined {
    return this.#why;
  }

  /** Returns false for a fault that was reported before. `hasFile`: a file is open. */
  raise(why: string, hasFile: boolean, level: 'warn' | 'error' = 'warn'): boolean {
    if (this.#why === why) return false;
    this.#why = why;
    const text = hasFile
      ? `history can not be written: ${why}; new events are in memory only until it works again`
      : `history is in memory only: ${why}; retrying`;
    this.#log[level](`history ${why}`, text);
    this.#onChange(why);
    return true;
  }

  /** `dropped`: events since the start that were not stored. */
  clear(dropped: number): void {
    this.#why = undefined;
    this.#log.info(`history is written again; ${dropped} events were not stored`);
    this.#onChange(undefined);
  }
}

/** Listens on a port; one that is taken may become free, so it is tried again. */
import type { CancelTimer, Clock } from '../base/clock.js';
import type { Listener } from './listener.js';

const LISTEN_AGAIN_MS = 5000;

export interface KeepListeningOptions {
  readonly clock: Clock;
  /** Resolves with undefined if its caller closes the port. */
  readonly listen: () => Promise<Listener | undefined>;
  readonly onListening: () => void;
  /** Called for each attempt that failed. */
  readonly onFailure: (error: unknown) => void;
}

export class KeptListener {
  readonly #options: KeepListeningOptions;
  #listener: Listener | undefined;
  #cancel: CancelTimer = () => {};
  #isStopped = false;

  constructor(options: KeepListeningOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#listener?.isOpen ?? false;
  }

  start(): void {
    void this.#attempt();
  }

  /** Stops accepting; existing connections stay open. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#listener?.close();
  }

  async #attempt(): Promise<void> {
    const { clock, listen, onListening, onFailure } = this.#options;
    try {
      const listener = await listen();
      if (this.#isStopped) {
        listener?.close();
        return;
      }
      this.#listener = listener;
      onListening();
    } catch (error) {
      if (this.#isStopped) return;
      onFailure(error);
      this.#cancel = clock.after(LISTEN_AGAIN_MS, () => void this.#attempt());
    }
  }
}

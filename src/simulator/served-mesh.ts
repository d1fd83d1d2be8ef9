import { type Clock, systemClock } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { openPty, type Pty } from './pty.js';
import type { VirtualUart } from './virtual-uart.js';

/** A virtual root that can be opened at `path`. */
export interface ServedMesh {
  readonly path: string;
  /** Removes the path. Safe at any time, any number of times; `onExit` is not called. */
  close(): Promise<void>;
}

/**
 * Serves a virtual root on a pseudo-terminal, for a gateway in another process, and starts it. While it is unplugged the
 * pseudo-terminal is removed; a new one appears at the same path when it is plugged in again.
 * Rejects as `openPty` does. `onExit` is called with the reason when it has ended for good.
 */
export async function serveOnPty(
  uart: VirtualUart,
  path: string,
  onExit: (detail: string) => void,
  clock: Clock = systemClock,
): Promise<ServedMesh> {
  const served = new PtyServer(uart, path, onExit, clock);
  await served.open();
  uart.start();
  return served;
}

class PtyServer implements ServedMesh {
  readonly path: string;
  readonly #uart: VirtualUart;
  readonly #onExit: (detail: string) => void;
  readonly #clock: Clock;
  #pty: Pty | undefined;
  #isClosed = false;
  /** The operation in progress; the next one waits for it. */
  #busy: Promise<void> = Promise.resolve();

  constructor(uart: VirtualUart, path: string, onExit: (detail: string) => void, clock: Clock) {
    this.#uart = uart;
    this.path = path;
    this.#onExit = onExit;
    this.#clock = clock;
  }

  async open(): Promise<void> {
    const pty = await openPty(
      this.path,
      { onBytes: (chunk) => this.#uart.receive(chunk), onExit: this.#onExit },
      this.#clock,
    );
    this.#pty = pty;
    this.#uart.connect(
      (chunk) => pty.write(chunk),
      (backAfterMs) => this.#onHungUp(backAfterMs),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#busy;
    await this.#pty?.close();
  }

  #onHungUp(backAfterMs: number): void {
    const gone = this.#pty?.close();
    this.#clock.after(backAfterMs, () => {
      this.#busy = this.#reopen(gone);
    });
  }

  async #reopen(gone: Promise<void> | undefined): Promise<void> {
    await gone;
    if (this.#isClosed) return;
    try {
      await this.open();
    } catch (error) {
      this.#onExit(errorText(error));
    }
  }
}

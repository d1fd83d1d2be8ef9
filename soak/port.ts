import { errorText } from '../src/base/errors.js';
import { openPty, type Pty } from '../src/simulator/pty.js';
import type { VirtualUart } from '../src/simulator/virtual-uart.js';
import { FrameDecoder } from '../src/uart/frame.js';
import type { PortState, PortView } from './account/timed-ledger.js';

/** A gateway gives up a frame when no byte comes for 500 ms; what reaches it is later than what leaves here. */
const HELD_UP_MS = 300;

/**
 * The virtual root on a pseudo-terminal, for a gateway in another process. Nothing tells that a pseudo-terminal was
 * opened; so the port counts as open from the first byte that the gateway writes, which it does at once, until its
 * process ends. In between, what the root sends goes nowhere, as on a real port.
 */
export class SoakPort implements PortView {
  readonly path: string;
  readonly #uart: VirtualUart;
  #pty: Pty | undefined;
  #state: PortState = 'gatewayDown';
  #isPlugged = true;
  #isOver = false;
  #isClosed = false;
  #disconnect: () => void = () => {};
  #lastWriteAt = 0;
  #wasHeldUp = false;
  /** Tells only whether the line is in the middle of a frame. */
  readonly #decoder = new FrameDecoder({ onFrame() {}, onOutside() {}, onDrop() {}, onNoise() {} });
  #dropped = 0;
  /** Says why the pseudo-terminal could not be made again. */
  failure: string | undefined;

  constructor(uart: VirtualUart, path: string) {
    this.#uart = uart;
    this.path = path;
  }

  get state(): PortState {
    if (this.#isOver) return 'over';
    return this.#isPlugged ? this.#state : 'unplugged';
  }

  takeHeldUp(): boolean {
    const wasHeldUp = this.#wasHeldUp;
    this.#wasHeldUp = false;
    return wasHeldUp;
  }

  /** Bytes that found no room because the gateway did not read. */
  get droppedBytes(): number {
    return this.#dropped + (this.#pty?.droppedBytes ?? 0);
  }

  async open(): Promise<void> {
    this.#pty = await openPty(this.path, {
      onBytes: (chunk) => this.#onBytes(chunk),
      onExit: (detail) => {
        this.failure = detail;
      },
    });
  }

  /** The gateway has been started: it will open the port. */
  onGatewayStarted(): void {
    this.#state = 'closed';
  }

  onGatewayEnded(): void {
    this.#disconnect();
    this.#state = 'gatewayDown';
  }

  /** The gateway has closed the port and opened it again, as it says itself. */
  onReopened(): void {
    if (this.state === 'open') this.#attach();
  }

  /** What the root says from now on is no part of the soak. */
  end(): void {
    this.#isOver = true;
    this.#disconnect();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#disconnect();
    await this.#pty?.close();
  }

  #onBytes(chunk: Buffer): void {
    if (this.state === 'closed') this.#attach();
    if (this.state === 'open') this.#uart.receive(chunk);
  }

  #attach(): void {
    const pty = this.#pty;
    this.#disconnect();
    this.#state = 'open';
    this.#disconnect = this.#uart.connect(
      (chunk) => this.#write(chunk, pty),
      (backAfterMs) => this.#onHungUp(backAfterMs),
    );
  }

  #write(chunk: Buffer, pty: Pty | undefined): void {
    const now = performance.now();
    if (this.#decoder.inFrame && now - this.#lastWriteAt > HELD_UP_MS) this.#wasHeldUp = true;
    this.#lastWriteAt = now;
    this.#decoder.push(chunk);
    pty?.write(chunk);
  }

  #onHungUp(backAfterMs: number): void {
    this.#isPlugged = false;
    this.#dropped += this.#pty?.droppedBytes ?? 0;
    const gone = this.#pty?.close();
    this.#pty = undefined;
    setTimeout(() => void this.#comeBack(gone), backAfterMs);
  }

  async #comeBack(gone: Promise<void> | undefined): Promise<void> {
    await gone;
    if (this.#isClosed) return;
    try {
      await this.open();
      this.#isPlugged = true;
      if (this.#state === 'open') this.#state = 'closed';
    } catch (error) {
      this.failure = errorText(error);
    }
  }
}

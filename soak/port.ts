import { errorText } from '../src/base/errors.js';
import { openPty, type Pty } from '../src/simulator/pty.js';
import type { VirtualUart } from '../src/simulator/virtual-uart.js';
import { FrameDecoder } from '../src/uart/frame.js';
import type { PortState, PortView } from './account/timed-ledger.js';

/** A gateway abandons a frame after 500 ms without a byte; bytes reach it later than they leave here. */
const HELD_UP_MS = 300;

/**
 * The virtual root on a pseudo-terminal, for a gateway in another process. The opening of a pseudo-terminal can't be
 * detected, so the port counts as open from the first byte that the gateway writes, which it does at once, until its
 * process ends. While it is closed, what the root sends is lost, as on a real port.
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
  /** Only to know whether the line is in the middle of a frame. */
  readonly #decoder = new FrameDecoder({ onFrame() {}, onOutside() {}, onDrop() {}, onNoise() {} });
  #dropped = 0;
  /** Why the pseudo-terminal could not be recreated. */
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

  /** Bytes dropped because the gateway did not read. */
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

  /** Called when the gateway was started: it will open the port. */
  onGatewayStarted(): void {
    this.#state = 'closed';
  }

  onGatewayEnded(): void {
    this.#disconnect();
    this.#state = 'gatewayDown';
  }

  /** Called when the gateway reports that it has reopened the port. */
  onReopened(): void {
    if (this.state === 'open') this.#attach();
  }

  /** Ends the soak: later frames do not count. */
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

import type { CancelTimer } from '../base/clock.js';
import { FrameDecoder } from '../uart/frame.js';
import type { Timeline } from './timeline.js';

/** The firmware reads until it has this many bytes or this much time has passed, then processes the block. */
const BLOCK_LENGTH = 1024;
const BLOCK_MS = 1000;

export interface RootUartHandlers {
  onBody(body: Buffer): void;
  /** A frame was malformed; it is lost. */
  onBroken(): void;
  /** The block ended inside a frame: the frame is lost, including its rest in the next block. */
  onHalfMessage(): void;
}

/**
 * Simulates how the root reads its UART: block after block without a pause, so a command waits up to a second.
 * Bytes arrive all at once; the 87 µs that each takes on a real line are ignored.
 */
export class RootUart {
  readonly #timeline: Timeline;
  readonly #handlers: RootUartHandlers;
  readonly #decoder: FrameDecoder;
  #listening = false;
  #blockBegan = 0;
  #block: Buffer[] = [];
  #blockLength = 0;
  #cancelBlockEnd: CancelTimer = () => {};

  constructor(timeline: Timeline, handlers: RootUartHandlers) {
    this.#timeline = timeline;
    this.#handlers = handlers;
    this.#decoder = new FrameDecoder({
      onFrame: (body) => this.#listening && handlers.onBody(body),
      onOutside() {},
      onDrop: (reason) => this.#listening && reason !== 'abandoned' && handlers.onBroken(),
      onNoise() {},
    });
  }

  /** Starts the first block. */
  start(): void {
    this.#listening = true;
    this.#blockBegan = this.#timeline.now;
  }

  /** Discards the current block, and everything received until the next start. */
  stop(): void {
    this.#listening = false;
    this.#takeBlock();
  }

  receive(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0 && this.#listening; ) {
      if (this.#blockLength === 0) this.#awaitBlockEnd();
      const part = rest.subarray(0, BLOCK_LENGTH - this.#blockLength);
      rest = rest.subarray(part.length);
      this.#block.push(part);
      this.#blockLength += part.length;
      if (this.#blockLength === BLOCK_LENGTH) this.endBlock();
    }
  }

  /** Accounts for the empty blocks since the last one with bytes. */
  #awaitBlockEnd(): void {
    const { now } = this.#timeline;
    this.#blockBegan += Math.floor((now - this.#blockBegan) / BLOCK_MS) * BLOCK_MS;
    this.#cancelBlockEnd = this.#timeline.at(this.#blockBegan + BLOCK_MS, () => this.endBlock());
  }

  /** Processes the block. Happens automatically when it is full or its time is over. */
  endBlock(): void {
    this.#decoder.push(this.#takeBlock());
    this.#blockBegan = this.#timeline.now;
    if (!this.#decoder.inFrame) return;
    this.#decoder.abandon();
    if (this.#listening) this.#handlers.onHalfMessage();
  }

  #takeBlock(): Buffer {
    const block = Buffer.concat(this.#block);
    this.#block = [];
    this.#blockLength = 0;
    this.#cancelBlockEnd();
    return block;
  }
}

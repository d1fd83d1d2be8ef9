import type { CancelTimer } from '../base/clock.js';
import { FrameDecoder } from '../uart/frame.js';
import type { Timeline } from './timeline.js';

/** The firmware reads until so many bytes are in or so long has passed, then looks at what it has. */
const BLOCK_LENGTH = 1024;
const BLOCK_MS = 1000;

export interface RootUartHandlers {
  onBody(body: Buffer): void;
  /** A frame broke the rules; it is lost. */
  onBroken(): void;
  /** A frame had begun when the block ended: it is lost, and so is its rest in the next block. */
  onHalfMessage(): void;
}

/**
 * How the root reads its UART: block after block, without a pause, so a command waits up to a second.
 * Bytes arrive all at once; the 87 µs that each takes on a real line are left out.
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

  /** The first block begins now. */
  start(): void {
    this.#listening = true;
    this.#blockBegan = this.#timeline.now;
  }

  /** What is in is lost, as is all that comes until the next start. */
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

  /** Empty blocks have gone by since the last one with bytes in it. */
  #awaitBlockEnd(): void {
    const { now } = this.#timeline;
    this.#blockBegan += Math.floor((now - this.#blockBegan) / BLOCK_MS) * BLOCK_MS;
    this.#cancelBlockEnd = this.#timeline.at(this.#blockBegan + BLOCK_MS, () => this.endBlock());
  }

  /** The firmware takes what is in. It does so by itself when a block is full or its time is over. */
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

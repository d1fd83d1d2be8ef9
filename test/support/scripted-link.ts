import {
  type Link,
  type LinkDownReason,
  LinkError,
  type LinkHandlers,
  type OpenLink,
} from '../../src/link/link.js';
import { encodeFrame, FrameDecoder } from '../../src/uart/frame.js';
import { bytesOf as hex } from './hex.js';

const IGNORED = { onOutside() {}, onDrop() {}, onNoise() {} };

/** A root in memory: bodies (bytes, or hex) in, bodies out. The test scripts its messages and answers. */
export class ScriptedLink implements Link {
  readonly name = '/dev/ttyUSB0';
  readonly #decoder = new FrameDecoder({ ...IGNORED, onFrame: (body) => this.#onBody(body) });
  #answers: readonly (Buffer | string)[] = [];
  readonly #awaiting: ((body: Buffer) => void)[] = [];
  #bodies: Buffer[] = [];
  #writes: Buffer[] = [];
  #handlers: LinkHandlers | undefined;
  #isStuck = false;
  #stuck: ((error: Error) => void)[] = [];

  readonly open: OpenLink = async (handlers) => {
    this.#handlers = handlers;
    return this;
  };

  /** There is no device. */
  static readonly openNothing: OpenLink = async () => {
    throw new LinkError('noDevice', 'no serial device found');
  };

  /** Bodies that the gateway has sent, oldest first. */
  get bodies(): readonly Buffer[] {
    return this.#bodies;
  }

  /** The same as bytes on the wire, one entry per write. */
  get writes(): readonly Buffer[] {
    return this.#writes;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#isStuck) return new Promise((_, reject) => this.#stuck.push(reject));
    this.#writes.push(bytes);
    this.#decoder.push(bytes);
  }

  async close(): Promise<void> {
    this.#handlers = undefined;
  }

  /** Bodies that come from the root. */
  say(...bodies: readonly (Buffer | string)[]): void {
    for (const body of bodies) this.sayBytes(encodeFrame(bytesOf(body)));
  }

  /** Raw bytes on the line. */
  sayBytes(bytes: Buffer): void {
    this.#handlers?.onBytes(bytes);
  }

  /** Answers the next body that the gateway sends with these. */
  answerNext(answers: readonly (Buffer | string)[]): void {
    this.#answers = answers;
  }

  /** Writes never complete, as with a device that accepts nothing. */
  getStuck(): void {
    this.#isStuck = true;
  }

  /** The link ends on its own. */
  hangUp(reason: LinkDownReason = 'hungUp'): void {
    this.#handlers?.onClosed(reason, 'test');
    for (const reject of this.#stuck.splice(0)) reject(new LinkError(reason, 'test'));
  }

  /** The next body that the gateway sends, from now on. */
  nextBody(): Promise<Buffer> {
    return new Promise((resolve) => this.#awaiting.push(resolve));
  }

  forget(): void {
    this.#bodies = [];
    this.#writes = [];
  }

  #onBody(body: Buffer): void {
    this.#bodies.push(body);
    this.#awaiting.shift()?.(body);
    const answers = this.#answers;
    this.#answers = [];
    if (answers.length > 0) setImmediate(() => this.say(...answers));
  }
}

function bytesOf(body: Buffer | string): Buffer {
  return typeof body === 'string' ? hex(body) : body;
}

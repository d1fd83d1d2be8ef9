/**
 * What is on its way to one client: texts in their order. Of a long one a piece at a time is handed to the transport,
 * so that it is seen whether the client reads, and what has not been begun can still be taken back.
 */
import { type JsonText, lengthOf, wholeText } from './long-reply.js';

/** Carries JSON texts to a client. */
export interface SessionTransport {
  /** `isPart`: the text goes on with the next write. `onTaken`: the system has taken the bytes over. */
  write(bytes: string | Buffer, onTaken?: () => void, isPart?: boolean): void;
  /** Ends a text that will not be whole. */
  cutShort(): void;
  /** Bytes that the system has not taken yet. */
  readonly waitingBytes: number;
  /** Stops reading what the client sends, and goes on with it. */
  pause(): void;
  resume(): void;
}

/** A reply of so many characters alone does not make a client slow. */
const LARGE_REPLY = 65_536;
/** Bytes of a long text that the transport has at once. */
const PART = 65_536;

export class Outgoing {
  readonly #transport: SessionTransport;
  readonly #onProgress: () => void;
  /** Behind the text that the transport is being given. */
  readonly #texts: JsonText[] = [];
  /** What is left of that one. */
  #parts: Buffer[] = [];
  #isWriting = false;
  /** Bytes that the transport was not given yet. */
  #held = 0;
  /** Of large texts: bytes that the system has not taken. */
  #large = 0;

  /** `onProgress`: the client has taken something. */
  constructor(transport: SessionTransport, onProgress: () => void) {
    this.#transport = transport;
    this.#onProgress = onProgress;
  }

  /** Bytes that the client has not taken. */
  get waitingBytes(): number {
    return this.#held + this.#transport.waitingBytes;
  }

  /** The same without large replies. */
  get smallBytes(): number {
    return this.waitingBytes - this.#large;
  }

  push(json: JsonText): void {
    const isLarge = lengthOf(json) >= LARGE_REPLY;
    const text = isLarge ? bytesOf(json) : wholeText(json);
    const length = lengthOf(text);
    if (isLarge) this.#large += length;
    this.#held += length;
    if (this.#isWriting) this.#texts.push(text);
    else this.#begin(text);
  }

  /** Takes back all that was not begun, and cuts short what was. */
  drop(): void {
    this.#texts.length = 0;
    if (this.#isWriting && this.#parts.length > 0) this.#transport.cutShort();
    this.#parts = [];
    this.#held = 0;
    this.#large = 0;
    this.#isWriting = false;
  }

  /** Gives the transport everything at once: the connection ends after this, so nothing is taken back. */
  flush(): void {
    this.#writeAll(this.#parts);
    for (const text of this.#texts.splice(0)) {
      if (typeof text === 'string') this.#transport.write(text);
      else this.#writeAll(text);
    }
    this.#parts = [];
    this.#held = 0;
    this.#large = 0;
    this.#isWriting = false;
  }

  #writeAll(parts: readonly Buffer[]): void {
    for (const [index, part] of parts.entries()) {
      this.#transport.write(part, undefined, index < parts.length - 1);
    }
  }

  #begin(text: JsonText): void {
    if (typeof text === 'string') {
      this.#held -= text.length;
      this.#transport.write(text);
      return;
    }
    this.#parts = [...text];
    this.#isWriting = true;
    this.#writePart();
  }

  #writePart(): void {
    const part = this.#nextPart();
    this.#held -= part.length;
    const isLast = this.#parts.length === 0;
    this.#transport.write(part, () => this.#onTaken(part.length), !isLast);
  }

  /** Small pieces together, large ones cut. */
  #nextPart(): Buffer {
    let length = 0;
    let count = 0;
    while (count < this.#parts.length && length < PART) length += this.#parts[count++]?.length ?? 0;
    const [first = NOTHING, ...more] = this.#parts.splice(0, count);
    const part = more.length === 0 ? first : Buffer.concat([first, ...more]);
    if (part.length > PART) this.#parts.unshift(part.subarray(PART));
    return part.subarray(0, PART);
  }

  #onTaken(bytes: number): void {
    if (!this.#isWriting) return;
    this.#large -= bytes;
    if (this.#parts.length > 0) this.#writePart();
    else this.#goOn();
    this.#onProgress();
  }

  #goOn(): void {
    this.#isWriting = false;
    while (!this.#isWriting) {
      const text = this.#texts.shift();
      if (text === undefined) return;
      this.#begin(text);
    }
  }
}

const NOTHING = Buffer.alloc(0);

function bytesOf(text: JsonText): readonly Buffer[] {
  return typeof text === 'string' ? [Buffer.from(text)] : text;
}

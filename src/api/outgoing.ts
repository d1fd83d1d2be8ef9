/**
 * The output queue of one client: texts in order. A long text is passed to the transport one part at a time, to see
 * whether the client reads, and so that the rest can still be dropped.
 */
import { type JsonText, lengthOf, wholeText } from './long-reply.js';

/** Carries JSON texts to a client. */
export interface SessionTransport {
  /** `isPart`: the text continues with the next write. `onWritten`: the system has accepted the bytes. */
  write(bytes: string | Buffer, onWritten?: () => void, isPart?: boolean): void;
  /** Ends a text early; the client gets it incomplete. */
  cutShort(): void;
  /** Bytes that the system has not accepted yet. */
  readonly waitingBytes: number;
  /** Stops and resumes reading from the client. */
  pause(): void;
  resume(): void;
}

/** Replies of this many characters or more do not count against a slow client. */
const LARGE_REPLY = 65_536;
/** Bytes of a long text passed to the transport at a time. */
const PART_LENGTH = 65_536;

export class Outgoing {
  readonly #transport: SessionTransport;
  readonly #onProgress: () => void;
  /** Queued after the text that is being written. */
  readonly #texts: JsonText[] = [];
  /** The rest of the text that is being written. */
  #parts: Buffer[] = [];
  #isWriting = false;
  /** Bytes not passed to the transport yet. */
  #held = 0;
  /** Bytes of large texts that the system has not accepted. */
  #large = 0;

  /** `onProgress`: called when the system has accepted a part. */
  constructor(transport: SessionTransport, onProgress: () => void) {
    this.#transport = transport;
    this.#onProgress = onProgress;
  }

  /** Bytes that the client has not read. */
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

  /** Drops the queue and cuts short the text that is being written. */
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
    this.#transport.write(part, () => this.#onWritten(part.length), !isLast);
  }

  /** Joins small pieces, splits large ones. */
  #nextPart(): Buffer {
    let length = 0;
    let count = 0;
    while (count < this.#parts.length && length < PART_LENGTH) length += this.#parts[count++]?.length ?? 0;
    const [first = NOTHING, ...more] = this.#parts.splice(0, count);
    const part = more.length === 0 ? first : Buffer.concat([first, ...more]);
    if (part.length > PART_LENGTH) this.#parts.unshift(part.subarray(PART_LENGTH));
    return part.subarray(0, PART_LENGTH);
  }

  #onWritten(bytes: number): void {
    if (!this.#isWriting) return;
    this.#large -= bytes;
    if (this.#parts.length > 0) this.#writePart();
    else this.#writeNext();
    this.#onProgress();
  }

  #writeNext(): void {
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

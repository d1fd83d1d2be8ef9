/**
 * Packets between the ventilator's data server and its clients: one JSON object in UTF-8, then one NUL byte. Sent in
 * ASCII with `\u` escapes, as the original's clients are used to.
 */

/** Clients of the original give up a packet without a NUL in this many bytes. */
export const MAX_PACKET_LENGTH = 65_536;

const NUL = 0;

export function encodePacket(content: Readonly<Record<string, unknown>>): Buffer {
  const ascii = JSON.stringify(content).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(`${ascii}\0`, 'latin1');
}

/** The text of a packet as JSON. `NaN` and `Infinity`, which the original writes, become null. Throws `SyntaxError`. */
export function parsePacket(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const mended = text.replace(NOT_A_NUMBER, (_found, quoted: string | undefined) => quoted ?? 'null');
    if (mended === text) throw error;
    return JSON.parse(mended);
  }
}

/** A text in quotes, which stays as it is, or a bare word that JSON does not know. */
const NOT_A_NUMBER = /("(?:[^"\\]|\\.)*")|-?\bInfinity\b|\bNaN\b/gs;

export interface PacketHandlers {
  /** The bytes of a packet without its NUL, in UTF-8; undefined if they are not UTF-8. */
  onPacket(text: string | undefined): void;
  /** More than the limit without a NUL; what follows up to the next NUL is left out. */
  onTooLong(): void;
}

/** Splits a stream into packets, in any chunks. Holds 64 KiB at most. */
export class PacketDecoder {
  readonly #handlers: PacketHandlers;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  #held = Buffer.alloc(256);
  #length = 0;
  #isSkipping = false;

  constructor(handlers: PacketHandlers) {
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NUL); end >= 0; end = chunk.indexOf(NUL, from)) {
      this.#add(chunk.subarray(from, end));
      this.#end();
      from = end + 1;
    }
    this.#add(chunk.subarray(from));
  }

  /** True while a packet has begun and not ended. */
  get isOpen(): boolean {
    return this.#length > 0;
  }

  #add(piece: Buffer): void {
    if (this.#isSkipping) return;
    const length = this.#length + piece.length;
    if (length > MAX_PACKET_LENGTH) {
      this.#reset();
      this.#isSkipping = true;
      this.#handlers.onTooLong();
      return;
    }
    if (length > this.#held.length) this.#grow(length);
    piece.copy(this.#held, this.#length);
    this.#length = length;
  }

  #grow(length: number): void {
    const larger = Buffer.alloc(Math.max(length, this.#held.length * 2));
    this.#held.copy(larger, 0, 0, this.#length);
    this.#held = larger;
  }

  #end(): void {
    const wasSkipping = this.#isSkipping;
    const text = this.#textOf(this.#held.subarray(0, this.#length));
    this.#reset();
    if (!wasSkipping) this.#handlers.onPacket(text);
  }

  #reset(): void {
    this.#length = 0;
    this.#isSkipping = false;
  }

  #textOf(bytes: Buffer): string | undefined {
    try {
      return this.#utf8.decode(bytes);
    } catch {
      return undefined;
    }
  }
}

/** Reads xos messages from a stream that may be split and merged anywhere. Holds one message at most. */
import {
  FIXED_SIZE,
  HEADER_SIZE,
  MAX_BINARY_SIZE,
  MAX_TEXT_SIZE,
  type Protocol,
  parseHeader,
  textBefore,
} from './frame.js';

/** Why a stream can't be read on: there is nothing to find the next message by. */
export const READ_FAULTS = {
  badHeader: 'a header that is not two numbers',
  textTooLong: `a text of more than ${MAX_TEXT_SIZE} bytes`,
  binaryTooLong: `a binary part of more than ${MAX_BINARY_SIZE} bytes`,
} as const;

export type ReadFault = keyof typeof READ_FAULTS;

/** `binarySize`: bytes that were skipped after the text. */
export type Received =
  | { readonly text: string; readonly protocol: Protocol; readonly binarySize: number }
  | { readonly fault: ReadFault };

export interface FrameReaderOptions {
  /** `auto`: by the first message after the fixed ones. */
  readonly protocol: Protocol | 'auto';
  /** Messages of 200 bytes that come first, whatever the protocol: the handshake. Default 1. */
  readonly fixedFirst?: number;
  /** With `auto`: how a message of protocol 1 begins. */
  readonly prefixes: readonly string[];
}

/** A second greeting has 200 bytes in either protocol: it says nothing about the protocol. */
const GREETING = 'stoc_send_client_type';

type Awaited = 'fixed' | 'header' | 'restOfFixed' | 'text' | 'binary' | 'over';

export class FrameReader {
  readonly #options: FrameReaderOptions;
  #protocol: Protocol | undefined;
  #fixedLeft: number;
  #awaited: Awaited = 'header';
  #part: Buffer = Buffer.alloc(0);
  #filled = 0;
  /** Of the binary part: bytes still to be skipped. */
  #toSkip = 0;
  #binarySize = 0;
  #text = '';

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#protocol = options.protocol === 'auto' ? undefined : options.protocol;
    this.#fixedLeft = options.fixedFirst ?? 1;
    this.#awaitMessage();
  }

  /** Undefined until it is known. */
  get protocol(): Protocol | undefined {
    return this.#protocol;
  }

  /** A fault has been found: further input is ignored. */
  get isOver(): boolean {
    return this.#awaited === 'over';
  }

  /** A message has begun, and is not complete. */
  get isInside(): boolean {
    return this.#filled > 0 || (this.#awaited !== 'header' && this.#awaited !== 'fixed' && !this.isOver);
  }

  get heldBytes(): number {
    return this.#filled;
  }

  push(chunk: Buffer): Received[] {
    const received: Received[] = [];
    let at = 0;
    while (at < chunk.length && !this.isOver) at += this.#take(chunk.subarray(at), received);
    return received;
  }

  /** Returns how many bytes were taken. */
  #take(bytes: Buffer, received: Received[]): number {
    if (this.#awaited === 'binary') return this.#skip(bytes.length, received);
    const taken = bytes.copy(this.#part, this.#filled);
    this.#filled += taken;
    if (this.#filled === this.#part.length) this.#onPart(received);
    return taken;
  }

  #skip(available: number, received: Received[]): number {
    const skipped = Math.min(available, this.#toSkip);
    this.#toSkip -= skipped;
    if (this.#toSkip === 0) this.#onMessage(2, received);
    return skipped;
  }

  #onPart(received: Received[]): void {
    const part = this.#part;
    if (this.#awaited === 'header') this.#onHeader(part, received);
    else if (this.#awaited === 'text') this.#onText(part, received);
    else this.#onFixed(part, received);
  }

  #onHeader(bytes: Buffer, received: Received[]): void {
    const header = parseHeader(bytes);
    if (header) {
      const { textSize, binarySize } = header;
      if (textSize > MAX_TEXT_SIZE) this.#fail('textTooLong', received);
      else if (binarySize > MAX_BINARY_SIZE) this.#fail('binaryTooLong', received);
      else this.#awaitText(textSize, binarySize, received);
    } else if (this.#isFixed(bytes)) this.#awaitRest(bytes);
    else this.#fail('badHeader', received);
  }

  #isFixed(bytes: Buffer): boolean {
    const start = textBefore(bytes);
    return this.#protocol === undefined && this.#options.prefixes.some((prefix) => start.startsWith(prefix));
  }

  #awaitRest(start: Buffer): void {
    this.#await('restOfFixed', FIXED_SIZE);
    this.#filled = start.copy(this.#part);
  }

  #awaitText(textSize: number, binarySize: number, received: Received[]): void {
    this.#protocol = 2;
    this.#toSkip = this.#binarySize = binarySize;
    this.#await('text', textSize);
    if (textSize === 0) this.#onText(this.#part, received);
  }

  #onText(bytes: Buffer, received: Received[]): void {
    this.#text = textBefore(bytes);
    this.#awaited = 'binary';
    this.#filled = 0;
    if (this.#toSkip === 0) this.#onMessage(2, received);
  }

  #onFixed(bytes: Buffer, received: Received[]): void {
    this.#text = textBefore(bytes);
    this.#binarySize = 0;
    if (this.#awaited === 'fixed') this.#fixedLeft = Math.max(0, this.#fixedLeft - 1);
    else if (!this.#text.startsWith(GREETING)) this.#protocol = 1;
    this.#onMessage(1, received);
  }

  #onMessage(protocol: Protocol, received: Received[]): void {
    received.push({ text: this.#text, protocol, binarySize: this.#binarySize });
    this.#text = '';
    this.#awaitMessage();
  }

  #awaitMessage(): void {
    const isFixed = this.#fixedLeft > 0 || this.#protocol === 1;
    this.#await(isFixed ? 'fixed' : 'header', isFixed ? FIXED_SIZE : HEADER_SIZE);
  }

  #await(what: Awaited, size: number): void {
    this.#awaited = what;
    this.#part = Buffer.alloc(size);
    this.#filled = 0;
  }

  #fail(fault: ReadFault, received: Received[]): void {
    this.#await('over', 0);
    received.push({ fault });
  }
}

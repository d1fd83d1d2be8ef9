import type { RateLimit } from '../base/rate-limit.js';
import type { LinkDownReason, ModemLines } from '../link/link.js';
import { MAX_PAYLOAD_LENGTH, type RecordKind } from './block.js';
import { encodeLinkFacts, type LinkFacts } from './link-facts.js';

/** Records one link: its state changes and bytes. */
export interface LinkRecorder {
  opened(facts: LinkFacts): void;
  notOpened(reason: LinkDownReason, detail: string): void;
  closed(reason: LinkDownReason, detail: string): void;
  received(bytes: Buffer): void;
  sent(bytes: Buffer): void;
  linesSet(lines: ModemLines): void;
}

/** Where records go: the current block. */
export interface RecordOutput {
  /** Number of the current block; may change with `prepare`. */
  block(): number;
  /** Payload bytes that fit into the next record. */
  room(): number;
  /** Makes room for `length` bytes; returns the current time in µs. */
  prepare(length: number): number;
  append(kind: RecordKind, us: number, channel: number, payload: Buffer, wholeLength?: number): void;
}

export const SEPARATOR = '\0';
/** Larger than any flood; fits into the numbers of a record. */
const MAX_OMITTED = 0xffff_ffff;
/** Kind, time, channel and length of a usual record. */
const RECORD_HEAD = 6;
const LONGEST_TEXT = 4096;
const NOTHING = Buffer.alloc(0);

type BytesKind = 'fromDevice' | 'toDevice';

export interface DeviceLinkOptions {
  readonly name: string;
  readonly channel: number;
  /** Shared by all devices: their bytes must not displace the root's. */
  readonly allowance: RateLimit;
  readonly onOmitted: (bytes: number) => void;
}

/**
 * Records the link of a device other than the root. Bytes beyond the allowance are left out: their number is in a record of
 * the same kind without payload, before the next bytes that are kept.
 */
export class DeviceLinkRecorder implements LinkRecorder {
  readonly #output: RecordOutput;
  readonly #options: DeviceLinkOptions;
  readonly #omitted: Record<BytesKind, number> = { fromDevice: 0, toDevice: 0 };
  /** A record of the kind `device`. */
  #head: Buffer;
  #namedIn = 0;

  constructor(output: RecordOutput, options: DeviceLinkOptions) {
    this.#output = output;
    this.#options = options;
    this.#head = headOf(options.name, '');
  }

  opened(facts: LinkFacts): void {
    const text = encodeLinkFacts(facts);
    this.#writeText('deviceOpened', text);
    this.#head = headOf(this.#options.name, text);
  }

  notOpened(reason: LinkDownReason, detail: string): void {
    this.#writeText('deviceNotOpened', reason + SEPARATOR + detail);
  }

  closed(reason: LinkDownReason, detail: string): void {
    this.#writeOmitted('fromDevice');
    this.#writeOmitted('toDevice');
    this.#writeText('deviceClosed', reason + SEPARATOR + detail);
    this.#head = headOf(this.#options.name, '');
  }

  received(bytes: Buffer): void {
    this.#writeBytes('fromDevice', bytes);
  }

  sent(bytes: Buffer): void {
    this.#writeBytes('toDevice', bytes);
  }

  linesSet({ dtr, rts }: ModemLines): void {
    this.#write('deviceLines', Buffer.of(dtr ? 1 : 0, rts ? 1 : 0));
  }

  #writeBytes(kind: BytesKind, bytes: Buffer): void {
    const { allowance, onOmitted } = this.#options;
    if (!allowance.take(bytes.length + RECORD_HEAD)) {
      this.#omitted[kind] = Math.min(this.#omitted[kind] + bytes.length, MAX_OMITTED);
      onOmitted(bytes.length);
      return;
    }
    this.#writeOmitted(kind);
    for (let from = 0; from < bytes.length; from += MAX_PAYLOAD_LENGTH) {
      this.#write(kind, bytes.subarray(from, from + MAX_PAYLOAD_LENGTH));
    }
  }

  #writeOmitted(kind: BytesKind): void {
    const omitted = this.#omitted[kind];
    if (omitted === 0) return;
    this.#omitted[kind] = 0;
    this.#write(kind, NOTHING, omitted);
  }

  #writeText(kind: RecordKind, text: string): void {
    this.#write(kind, shortBytes(text));
  }

  /** The first record of the channel in each block names the link. */
  #write(kind: RecordKind, payload: Buffer, wholeLength?: number): void {
    const { channel } = this.#options;
    const us = this.#output.prepare(this.#head.length + payload.length);
    if (this.#namedIn !== this.#output.block()) this.#output.append('device', us, channel, this.#head);
    this.#namedIn = this.#output.block();
    this.#output.append(kind, us, channel, payload, wholeLength);
  }
}

function headOf(name: string, facts: string): Buffer {
  return shortBytes(name + SEPARATOR + facts);
}

function shortBytes(text: string): Buffer {
  return Buffer.from(text.slice(0, LONGEST_TEXT)).subarray(0, LONGEST_TEXT);
}

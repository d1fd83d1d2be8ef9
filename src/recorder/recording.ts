/**
 * A recording file: a head followed by blocks. Files may be concatenated.
 *
 *     "MGREC" 0D 0A 1A | version (2) | length (2) | JSON, UTF-8
 */
import { errorText, MeshgateError } from '../base/errors.js';
import { BLOCK_MAGIC, type Block, type BlockRecord, blockLengthAt, isHostTime, readBlock } from './block.js';
import { ROOT_LINK } from './link-facts.js';

/** Fields that are missing in the head are empty. */
export interface RecordingHead {
  /** Version of the gateway that recorded. */
  readonly gateway: string;
  /** Id of its run: monotonic clocks of different runs are not comparable. */
  readonly run: string;
  /** Payloads were removed. */
  readonly redacted: boolean;
}

/** A record with its run, host time, and client or link. */
export interface Entry extends BlockRecord {
  readonly run: string;
  /** ms since the epoch, host clock. */
  readonly at: number;
  /** The client's name; empty for a link. */
  readonly client: string;
  /** `root`, or the name of a device's source; empty for a client. */
  readonly link: string;
}

export const FILE_MAGIC = Buffer.from('MGREC\r\n\x1a', 'latin1');
export const FORMAT_VERSION = 1;
/** Records of the root's link. */
export const ROOT_CHANNEL = 0;
const VERSION_AT = FILE_MAGIC.length;
const LENGTH_AT = VERSION_AT + 2;
const JSON_AT = LENGTH_AT + 2;
/** Heads and blocks both start with this: used to find the next one after damage. */
const MAGIC_START = 'MG';

/** The head of a file. */
export function encodeHead(head: RecordingHead): Buffer {
  const json = Buffer.from(`${JSON.stringify(head)}\n`);
  const bytes = Buffer.alloc(JSON_AT + json.length);
  FILE_MAGIC.copy(bytes);
  bytes.writeUInt16BE(FORMAT_VERSION, VERSION_AT);
  bytes.writeUInt16BE(json.length, LENGTH_AT);
  json.copy(bytes, JSON_AT);
  return bytes;
}

/** Reads a recording. Damaged parts are skipped and counted. */
export class Recording {
  readonly #bytes: Buffer;
  #head: RecordingHead = { gateway: '', run: '', redacted: false };
  /** Unreadable bytes, damaged blocks, and blocks missing between others. */
  readonly damage = { bytes: 0, blocks: 0, missing: 0 };

  /** Throws `BAD_RECORDING` if this is not a recording, or one of another version. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const isRecording = startsWith(bytes, FILE_MAGIC, 0) || bytes.includes(BLOCK_MAGIC);
    if (!isRecording) throw new MeshgateError('BAD_RECORDING', 'not a recording');
    this.#readHead(0);
  }

  /** The head of the file, or of the part read last. */
  get head(): RecordingHead {
    return this.#head;
  }

  /** Every record in file order. Starts over at each call. */
  *entries(): Generator<Entry> {
    for (const { block, run } of this.blocks()) yield* entriesOf(block, run);
  }

  /** Every readable block, with its run. */
  *blocks(): Generator<{ readonly block: Block; readonly run: string }> {
    Object.assign(this.damage, { bytes: 0, blocks: 0, missing: 0 });
    let before: { readonly run: string; readonly number: number } | undefined;
    for (let at = 0; at < this.#bytes.length; ) {
      const headLength = this.#readHead(at);
      const block = headLength === undefined ? this.#blockAt(at) : undefined;
      const { run } = this.#head;
      if (block) {
        this.damage.bytes += block.unread;
        if (before?.run === run) this.damage.missing += Math.max(0, block.number - before.number - 1);
        before = { run, number: block.number };
        yield { block, run };
      }
      at = this.#next(at, headLength ?? (block && blockLengthAt(this.#bytes, at)));
    }
  }

  #blockAt(at: number): Block | undefined {
    const length = blockLengthAt(this.#bytes, at);
    if (length === undefined) return undefined;
    const block = readBlock(this.#bytes.subarray(at, at + length));
    if (!block) this.damage.blocks++;
    return block;
  }

  /** The offset after what was read or, without a length, where the next head or block may start. */
  #next(at: number, length: number | undefined): number {
    if (length !== undefined) return at + length;
    const found = this.#bytes.indexOf(MAGIC_START, at + 1, 'latin1');
    const next = found === -1 ? this.#bytes.length : found;
    this.damage.bytes += next - at;
    return next;
  }

  /** Reads the head at this offset, if there is one; returns its length. */
  #readHead(at: number): number | undefined {
    if (!startsWith(this.#bytes, FILE_MAGIC, at) || at + JSON_AT > this.#bytes.length) return undefined;
    const version = this.#bytes.readUInt16BE(at + VERSION_AT);
    if (version !== FORMAT_VERSION && at === 0) {
      throw new MeshgateError(
        'BAD_RECORDING',
        `recording format version ${version} is not supported; this meshgate reads version ${FORMAT_VERSION}`,
        'use the version of meshgate that recorded it, or a newer one',
      );
    }
    const length = JSON_AT + this.#bytes.readUInt16BE(at + LENGTH_AT);
    const head = parseHead(this.#bytes.toString('utf8', at + JSON_AT, at + length));
    if (head) this.#head = head;
    return head && length;
  }
}

/** Reads a file's bytes. Throws `BAD_RECORDING` with the file's name. */
export function openRecording(file: string, bytes: Buffer): Recording {
  try {
    return new Recording(bytes);
  } catch (error) {
    if (!(error instanceof MeshgateError)) throw error;
    throw new MeshgateError(error.code, `${file}: ${errorText(error)}`, error.hint);
  }
}

function* entriesOf(block: Block, run: string): Generator<Entry> {
  const clients = new Map<number, string>();
  const links = new Map<number, string>([[ROOT_CHANNEL, ROOT_LINK]]);
  let { host, us: since } = block;
  for (const record of block.records) {
    const { kind, channel, payload, us } = record;
    if (kind === 'client') clients.set(channel, payload.toString('utf8'));
    if (kind === 'device') links.set(channel, splitDevice(payload).name);
    const time = kind === 'clock' ? readTime(payload) : undefined;
    if (time !== undefined) [host, since] = [time, us];
    const at = host + (us - since) / 1000;
    yield { ...record, run, at, client: clients.get(channel) ?? '', link: links.get(channel) ?? '' };
  }
}

function startsWith(bytes: Buffer, start: Buffer, at: number): boolean {
  return bytes.subarray(at, at + start.length).equals(start);
}

function parseHead(json: string): RecordingHead | undefined {
  const parsed = parseObject(json);
  if (!parsed) return undefined;
  const { gateway, run, redacted } = parsed;
  return {
    gateway: typeof gateway === 'string' ? gateway : '',
    run: typeof run === 'string' ? run : '',
    redacted: redacted === true,
  };
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The host time that a `clock` record sets. */
function readTime(payload: Buffer): number | undefined {
  const time = payload.length === 8 ? payload.readDoubleBE(0) : Number.NaN;
  return isHostTime(time) ? time : undefined;
}

/** Splits `name 00 link` of the record `device`; `facts`: as in `deviceOpened`. */
export function splitDevice(payload: Buffer): { readonly name: string; readonly facts: Buffer } {
  const end = payload.indexOf(0);
  if (end === -1) return { name: payload.toString('utf8'), facts: payload.subarray(payload.length) };
  return { name: payload.toString('utf8', 0, end), facts: payload.subarray(end + 1) };
}

/** Splits `reason 00 detail` of the records `notOpened` and `closed`. */
export function splitReason(payload: Buffer): { readonly reason: string; readonly detail: string } {
  const [reason = '', detail = ''] = payload.toString('utf8').split('\0');
  return { reason, detail };
}

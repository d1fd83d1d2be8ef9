/**
 * DataForge envelopes: a header, a JSON meta, binary data. Integers are big-endian; the separator after the meta counts
 * as meta; nothing follows the data.
 *
 *     tagged   23 21 | type 00014000 | time 4 | meta type 4 | meta length 4 | data type 4 | data length 4 | 21 23 0D 0A
 *     DF02     23 7E 44 46 30 32 | meta type 2 | meta length 4 | data length 4 | 7E 23 0D 0A
 *     DF03     23 7E 44 46 30 33 | meta type 2 | meta length 4 | data length 8 | 7E 23 0D 0A
 *
 * The time of a tagged header is milliseconds for one writer and seconds for another: it is written, and never read.
 */

export const ENVELOPE_FORMS = ['tagged', 'df02', 'df03'] as const;

export type EnvelopeForm = (typeof ENVELOPE_FORMS)[number];

/** Where the length is FFFFFFFF (DF03: also FFFFFFFFFFFFFFFF): up to the end of the file. */
export const UNTIL_END = Number.POSITIVE_INFINITY;

export interface EnvelopeHeader {
  readonly form: EnvelopeForm;
  /** Of the header itself. */
  readonly length: number;
  /** `unknown`: such as a Qt variant map or XML, which is not read. */
  readonly metaType: 'json' | 'unknown';
  /** Bytes with the separator, or `UNTIL_END`. */
  readonly metaLength: number;
  /** Of tagged envelopes; 0 for others. */
  readonly dataType: number;
  /** Bytes, as packed; or `UNTIL_END`. */
  readonly dataLength: number;
}

export interface Envelope {
  readonly form: EnvelopeForm;
  /** Any JSON; a message of a well-behaved peer has an object. */
  readonly meta: unknown;
  readonly dataType: number;
  /** As sent: `unpackData` undoes the compression. */
  readonly data: Buffer;
}

/** Why one envelope could not be read; the next one can. */
export const ENVELOPE_FAULTS = {
  metaType: 'the meta is not JSON by its header',
  notJson: 'the meta is not valid JSON',
  compression: 'unknown compression: only zlib is supported',
} as const;

export type EnvelopeFault = keyof typeof ENVELOPE_FAULTS;

/** Data types of tagged envelopes. */
export const DATA_TYPES = {
  raw: 0,
  pointDirect: 0x100,
  pointQds: 0x107,
  hvBinary: 0x200,
  hvText: 0x201,
} as const;

const HASH = 0x23;
const TAGGED_LENGTH = 30;
const DF02_LENGTH = 20;
const DF03_LENGTH = 24;
/** The longest header, less one byte: what must be kept of a stream without a header. */
export const MAX_UNDECIDED = TAGGED_LENGTH - 1;

const TAGGED_START = Buffer.from('232100014000', 'hex');
const TAGGED_END = Buffer.from('!#\r\n', 'latin1');
const DF02_START = Buffer.from('#~DF02', 'latin1');
const DF03_START = Buffer.from('#~DF03', 'latin1');
const DF_END = Buffer.from('~#\r\n', 'latin1');

const META_JSON = 0x0001_0000;
const META_UNDEFINED = 0;
const DF_META_JSON = 0x4a53;
const OPEN_LENGTH = 0xffff_ffff;
const OPEN_LENGTH_64 = 0xffff_ffff_ffff_ffffn;

interface HeaderLayout {
  readonly start: Buffer;
  readonly end: Buffer;
  readonly length: number;
  read(bytes: Buffer, at: number): EnvelopeHeader;
}

const LAYOUTS: readonly HeaderLayout[] = [
  { start: TAGGED_START, end: TAGGED_END, length: TAGGED_LENGTH, read: readTagged },
  { start: DF02_START, end: DF_END, length: DF02_LENGTH, read: readDf02 },
  { start: DF03_START, end: DF_END, length: DF03_LENGTH, read: readDf03 },
];

function readTagged(bytes: Buffer, at: number): EnvelopeHeader {
  const metaType = bytes.readUInt32BE(at + 10);
  return {
    form: 'tagged',
    length: TAGGED_LENGTH,
    metaType: metaType === META_JSON || metaType === META_UNDEFINED ? 'json' : 'unknown',
    metaLength: lengthOf(bytes.readUInt32BE(at + 14)),
    dataType: bytes.readUInt32BE(at + 18),
    dataLength: lengthOf(bytes.readUInt32BE(at + 22)),
  };
}

function readDf02(bytes: Buffer, at: number): EnvelopeHeader {
  const dataLength = lengthOf(bytes.readUInt32BE(at + 12));
  return { form: 'df02', length: DF02_LENGTH, ...readDf(bytes, at), dataLength };
}

function readDf03(bytes: Buffer, at: number): EnvelopeHeader {
  const length = bytes.readBigUInt64BE(at + 12);
  const dataLength = length === OPEN_LENGTH_64 || length === BigInt(OPEN_LENGTH) ? UNTIL_END : Number(length);
  return { form: 'df03', length: DF03_LENGTH, ...readDf(bytes, at), dataLength };
}

function readDf(bytes: Buffer, at: number): Pick<EnvelopeHeader, 'metaType' | 'metaLength' | 'dataType'> {
  const metaType = bytes.readUInt16BE(at + 6);
  const isJson = metaType === DF_META_JSON || metaType === META_UNDEFINED;
  const metaLength = lengthOf(bytes.readUInt32BE(at + 8));
  return { metaType: isJson ? 'json' : 'unknown', metaLength, dataType: DATA_TYPES.raw };
}

function lengthOf(written: number): number {
  return written === OPEN_LENGTH ? UNTIL_END : written;
}

/** A header at `at`; `undefined`: there is none at or after `at`, and nothing before `at` can be the start of one. */
export interface FoundHeader {
  readonly at: number;
  readonly header: EnvelopeHeader | undefined;
}

/** The first header from `from` on. */
export function findHeader(bytes: Buffer, from = 0): FoundHeader {
  for (let at = bytes.indexOf(HASH, from); at !== -1; at = bytes.indexOf(HASH, at + 1)) {
    const layout = LAYOUTS.find((candidate) => mayStart(bytes, at, candidate));
    if (!layout) continue;
    const isWhole = bytes.length - at >= layout.length;
    return { at, header: isWhole ? layout.read(bytes, at) : undefined };
  }
  return { at: bytes.length, header: undefined };
}

/** True if what is there of a header of this form is right. */
function mayStart(bytes: Buffer, at: number, { start, end, length }: HeaderLayout): boolean {
  return hasSoFar(bytes, at, start) && hasSoFar(bytes, at + length - end.length, end);
}

function hasSoFar(bytes: Buffer, at: number, expected: Buffer): boolean {
  const count = Math.min(expected.length, Math.max(0, bytes.length - at));
  for (let index = 0; index < count; index++) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** Decodes the meta; `data` is not copied. */
export function decodeEnvelope(
  header: EnvelopeHeader,
  metaBytes: Buffer,
  data: Buffer,
): Envelope | EnvelopeFault {
  if (header.metaType !== 'json') return 'metaType';
  const { form, dataType } = header;
  try {
    const text = metaBytes.toString('utf8');
    const meta: unknown = text.trim() === '' ? {} : JSON.parse(text);
    return isSupported(compressionOf(meta)) ? { form, meta, dataType, data } : 'compression';
  } catch {
    return 'notJson';
  }
}

export function compressionOf(meta: unknown): unknown {
  return typeof meta === 'object' && meta !== null
    ? (meta as { compression?: unknown }).compression
    : undefined;
}

function isSupported(compression: unknown): boolean {
  return compression === undefined || compression === 'zlib';
}

/**
 * How the meta is written. `server`: as the HV server's codec does, indented by 4, with two line ends after it; `online`:
 * as its acquisition programs do.
 */
export type MetaStyle = 'server' | 'online';

export interface NewEnvelope {
  readonly meta: unknown;
  readonly data?: Buffer;
  readonly dataType?: number;
}

export interface EnvelopeStyle {
  readonly form: EnvelopeForm;
  /** ms since the epoch; only tagged envelopes have it. */
  readonly at: number;
  /** By default `server` for tagged envelopes and `online` for others. */
  readonly style?: MetaStyle;
}

const NOTHING = Buffer.alloc(0);

export function encodeEnvelope(
  { meta, data = NOTHING, dataType = DATA_TYPES.raw }: NewEnvelope,
  { form, at, style = form === 'tagged' ? 'server' : 'online' }: EnvelopeStyle,
): Buffer {
  const text =
    style === 'server' ? `${JSON.stringify(meta, null, 4)}\r\n\r\n` : `${JSON.stringify(meta)}\r\n`;
  const metaBytes = Buffer.from(text);
  const lengths = { metaLength: metaBytes.length, dataLength: data.length };
  const header = form === 'tagged' ? taggedHeader(at, dataType, lengths) : dfHeader(form, lengths);
  return Buffer.concat([header, metaBytes, data]);
}

type Lengths = Pick<EnvelopeHeader, 'metaLength' | 'dataLength'>;

function taggedHeader(at: number, dataType: number, { metaLength, dataLength }: Lengths): Buffer {
  const header = Buffer.alloc(TAGGED_LENGTH);
  TAGGED_START.copy(header);
  header.writeUInt32BE(Math.floor(at) % 0x1_0000_0000, 6);
  header.writeUInt32BE(META_JSON, 10);
  header.writeUInt32BE(metaLength, 14);
  header.writeUInt32BE(dataType, 18);
  header.writeUInt32BE(dataLength, 22);
  TAGGED_END.copy(header, 26);
  return header;
}

function dfHeader(form: 'df02' | 'df03', { metaLength, dataLength }: Lengths): Buffer {
  const isLong = form === 'df03';
  const header = Buffer.alloc(isLong ? DF03_LENGTH : DF02_LENGTH);
  (isLong ? DF03_START : DF02_START).copy(header);
  header.writeUInt16BE(DF_META_JSON, 6);
  header.writeUInt32BE(metaLength, 8);
  if (isLong) header.writeBigUInt64BE(BigInt(dataLength), 12);
  else header.writeUInt32BE(dataLength, 12);
  DF_END.copy(header, header.length - DF_END.length);
  return header;
}

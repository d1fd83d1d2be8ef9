/**
 * A file of envelopes, one after the other; or one in the text form, DFTL:
 *
 *     #~DFTL\r\n  #~META-json\r\n  meta  \r\n  #~DATA\r\n  data up to the end
 */
import {
  decodeEnvelope,
  type Envelope,
  type EnvelopeFault,
  type EnvelopeForm,
  type EnvelopeHeader,
  findHeader,
} from './envelope.js';

/** What a file holds at an offset. `skipped`: bytes that belong to no envelope. */
export type FileEntry = { readonly offset: number } & (
  | { readonly kind: 'envelope'; readonly envelope: FileEnvelope }
  | { readonly kind: 'fault'; readonly fault: EnvelopeFault | 'cutOff' }
  | { readonly kind: 'skipped'; readonly length: number }
);

export type FileEnvelope = Omit<Envelope, 'form'> & { readonly form: EnvelopeForm | 'dftl' };

/** `bytes`: the complete file. */
export function* decodeFile(bytes: Buffer): Generator<FileEntry> {
  if (TEXT_START.test(bytes.toString('latin1', 0, 16))) yield decodeText(bytes);
  else yield* decodeBinary(bytes);
}

function* decodeBinary(bytes: Buffer): Generator<FileEntry> {
  let offset = 0;
  while (offset < bytes.length) {
    const { at, header } = findHeader(bytes, offset);
    const next = header ? at : bytes.length;
    if (next > offset) yield { kind: 'skipped', offset, length: next - offset };
    if (!header) return;
    const body = at + header.length;
    const metaEnd = endOf(body, header.metaLength, bytes);
    const end = endOf(metaEnd, header.dataLength, bytes);
    yield { offset: at, ...decodeAt(bytes, header, { body, metaEnd, end }) };
    offset = end;
  }
}

/** Past the end of the file if it was cut off. */
function endOf(start: number, length: number, { length: fileLength }: Buffer): number {
  return Number.isFinite(length) ? start + length : Math.max(start, fileLength);
}

interface Bounds {
  readonly body: number;
  readonly metaEnd: number;
  readonly end: number;
}

function decodeAt(bytes: Buffer, header: EnvelopeHeader, { body, metaEnd, end }: Bounds) {
  if (end > bytes.length) return { kind: 'fault', fault: 'cutOff' } as const;
  const decoded = decodeEnvelope(header, bytes.subarray(body, metaEnd), bytes.subarray(metaEnd, end));
  if (typeof decoded === 'string') return { kind: 'fault', fault: decoded } as const;
  return { kind: 'envelope', envelope: decoded } as const;
}

const TEXT_START = /^#~DFTL\r?\n/;
const META_LINE = /^#~META(?:-([A-Za-z0-9]+))?\r?\n/;
/** At the start of a line; the line end before it belongs to it. */
const DATA_LINE = /(?:^|\r?\n)#~DATA\r?\n/;

/** Latin-1 keeps one character per byte, so that positions are offsets. */
function decodeText(bytes: Buffer): FileEntry {
  const text = bytes.toString('latin1');
  const start = TEXT_START.exec(text)?.[0].length ?? 0;
  const metaLine = META_LINE.exec(text.slice(start));
  const metaStart = start + (metaLine?.[0].length ?? 0);
  const dataLine = DATA_LINE.exec(text.slice(metaStart));
  const metaEnd = dataLine ? metaStart + dataLine.index : bytes.length;
  const dataStart = dataLine ? metaEnd + dataLine[0].length : bytes.length;
  const isJson = metaLine?.[1] === undefined || metaLine[1].toLowerCase() === 'json';
  const header: EnvelopeHeader = {
    form: 'df02',
    length: 0,
    metaType: isJson ? 'json' : 'unknown',
    metaLength: metaEnd - metaStart,
    dataType: 0,
    dataLength: bytes.length - dataStart,
  };
  const decoded = decodeEnvelope(header, bytes.subarray(metaStart, metaEnd), bytes.subarray(dataStart));
  if (typeof decoded === 'string') return { offset: 0, kind: 'fault', fault: decoded };
  return { offset: 0, kind: 'envelope', envelope: { ...decoded, form: 'dftl' } };
}

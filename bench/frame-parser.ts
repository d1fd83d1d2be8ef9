/**
 * The frame parser alone. The floor is @serialport/parser-delimiter, which only cuts after each FE and understands
 * nothing. It is quadratic where no FE comes, so the worst cases are compared with usual frames instead.
 */
import { DelimiterParser } from '@serialport/parser-delimiter';
import { encodeFrame } from '../src/uart/frame.js';
import { FrameParser } from '../src/uart/frame-parser.js';
import { byTurns, median } from './support/numbers.js';
import type { Row, Scale } from './support/row.js';
import { BODY_LENGTH, stampedFrames } from './support/stamped.js';

const MIN_MB_PER_S = 60;
const MAX_TIMES_SLOWER = 5;
const IGNORED = { onFrame() {}, onOutside() {}, onDrop() {}, onNoise() {} };

interface Chunks {
  readonly name: string;
  readonly size: number;
  /** Bytes of one measurement: as many as take some ms to tens of ms. */
  readonly total: number;
}

const CHUNKS: readonly Chunks[] = [
  { name: '1 B', size: 1, total: 100_000 },
  { name: '64 B', size: 64, total: 1_000_000 },
  { name: '4 KiB', size: 4096, total: 4_000_000 },
];

const FRAMES = stampedFrames(0, 4096);
const WORST: Readonly<Record<string, Buffer>> = {
  'all escapes': encodeFrame(Buffer.alloc(BODY_LENGTH, 0xfa)),
  'all starts': Buffer.of(0xff),
  'no delimiter': Buffer.of(0x41),
  'a start, and no end': Buffer.concat([Buffer.of(0xff), Buffer.alloc(1 << 20, 0x41)]),
};

export async function run(scale: Scale): Promise<Row[]> {
  const rounds = scale === 'short' ? 2 : 7;
  const rows: Row[] = [];
  for (const chunks of CHUNKS) {
    const pieces = split(FRAMES, chunks);
    const measured = await byTurns(
      rounds,
      () => speedOf(ours(), pieces),
      () => speedOf(theirs(), pieces),
    );
    const isTarget = chunks.size === 4096;
    rows.push({
      what: `32-byte frames, chunks of ${chunks.name}`,
      ...measured,
      unit: 'MB/s',
      ...(isTarget && { target: { of: 'figure', atLeast: MIN_MB_PER_S } }),
    });
    for (const [name, bytes] of Object.entries(WORST)) rows.push(await worst(name, bytes, chunks, rounds));
  }
  return rows;
}

async function worst(name: string, bytes: Buffer, chunks: Chunks, rounds: number): Promise<Row> {
  const usual = split(FRAMES, chunks);
  const pieces = split(bytes, chunks);
  const measured = await byTurns(
    rounds,
    () => speedOf(ours(), pieces),
    () => speedOf(ours(), usual),
  );
  const what = `${name}, chunks of ${chunks.name}; floor: usual frames`;
  return { what, ...measured, unit: 'MB/s', target: { of: 'ratio', atLeast: 1 / MAX_TIMES_SLOWER } };
}

function ours(): FrameParser {
  return new FrameParser(IGNORED);
}

function theirs(): DelimiterParser {
  const parser = new DelimiterParser({ delimiter: [0xfe], includeDelimiter: true });
  return parser.on('data', () => {});
}

function split(bytes: Buffer, { size, total }: Chunks): Buffer[] {
  const all = Buffer.alloc(total, bytes);
  const pieces: Buffer[] = [];
  for (let start = 0; start + size <= total; start += size) pieces.push(all.subarray(start, start + size));
  return pieces;
}

/** MB/s; the median of a few passes, so that one collection of garbage does not decide. */
function speedOf(parser: { write(chunk: Buffer): boolean }, pieces: readonly Buffer[]): number {
  const passes = [1, 2, 3].map(() => {
    const begun = performance.now();
    for (const piece of pieces) parser.write(piece);
    return performance.now() - begun;
  });
  const bytes = pieces.length * (pieces[0]?.length ?? 0);
  return bytes / 1000 / median(passes);
}

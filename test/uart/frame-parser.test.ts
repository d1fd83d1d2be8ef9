import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { DEFAULT_MAX_BODY_LENGTH, FrameDecoder, type FrameHandlers } from '../../src/uart/frame.js';
import { FrameParser } from '../../src/uart/frame-parser.js';
import {
  keepsRule,
  type MakeReader,
  oneDisturbedByteCostsAtMostTwoFrames,
  readLine,
  readsEveryFrame,
  recoversAfterAnyNoise,
  roundTrips,
  splitsMakeNoDifference,
} from '../support/frame-laws.js';
import { bytesOf, hexOf } from '../support/hex.js';
import { chunkSizes, inSizes, LineRecord, lineWithSilences } from '../support/line-record.js';
import { frameVectors } from '../support/vectors.js';

const parser: MakeReader = (handlers) => readerOf(new FrameParser(handlers));
const smallParser: MakeReader = (handlers) => readerOf(new FrameParser(handlers, 8));
const smallDecoder = (handlers: FrameHandlers) => new FrameDecoder(handlers, 8);

function readerOf(made: FrameParser) {
  return { push: (chunk: Buffer) => void made.write(chunk), abandon: () => made.abandon() };
}

test('the parser reads every frame of the wire book', (t) => readsEveryFrame(t, parser));

for (const rule of frameVectors.rules) {
  test(`the parser keeps the rule for ${rule.name}`, (t) => keepsRule(t, parser, rule));
}

test('parsing reverses encoding for any bodies in any chunks', (t) => {
  roundTrips(parser);
  t.pass();
});

test('any split of any line gives the same bodies, drops and console bytes in the same order', (t) => {
  splitsMakeNoDifference(t, parser);
  splitsMakeNoDifference(t, smallParser);
});

test('after any noise the very next good frame comes through', (t) => {
  recoversAfterAnyNoise(parser);
  t.pass();
});

test('one corrupted byte costs at most its own frame and the one after', (t) => {
  oneDisturbedByteCostsAtMostTwoFrames(parser);
  t.pass();
});

test('the parser finds exactly what the decoder alone finds, with any limit', (t) => {
  fc.assert(
    fc.property(lineWithSilences, chunkSizes, (steps, sizes) => {
      const ended = [...steps, 500];
      const expected = readLine(smallDecoder, ended).finish();
      t.deepEqual(readLine(smallParser, ended, inSizes(sizes)).finish(), expected);
    }),
  );
});

test('the results of a write are passed on before the write returns', (t) => {
  const record = new LineRecord();
  const made = new FrameParser(record);
  made.write(bytesOf('62 6F FF 00 05 41 FE'));
  t.deepEqual(record.finish(), ['console 62 6F', 'body 00 05 41']);
});

test('any number of writes in one turn are processed in order', (t) => {
  const record = new LineRecord();
  const made = new FrameParser(record);
  for (let count = 0; count < 5000; count++) made.write(Buffer.of(0xff, count & 0x7f, 0xfe));
  t.is(record.bodies.length, 5000);
  t.true(record.bodies.every((body, index) => body[0] === (index & 0x7f)));
});

test('console text without an end of frame is not held back', (t) => {
  const record = new LineRecord();
  const made = new FrameParser(record);
  made.write(Buffer.from('waiting for the network'));
  t.is(record.discarded, 23);
  t.is(made.heldBytes, 0);
  t.false(made.inFrame);
});

test('a frame is open from its start to its end', (t) => {
  const made = new FrameParser(new LineRecord());
  made.write(bytesOf('FF 00'));
  t.true(made.inFrame);
  made.write(bytesOf('05 FE'));
  t.false(made.inFrame);
});

test('the chunk is not retained: its owner may reuse it after the write', (t) => {
  const record = new LineRecord();
  const made = new FrameParser(record);
  const chunk = bytesOf('FF 00 05');
  made.write(chunk);
  chunk.fill(0x7a);
  made.write(bytesOf('41 FE'));
  t.deepEqual(record.bodies.map(hexOf), ['00 05 41']);
});

test('ending the parser abandons the open frame', async (t) => {
  const record = new LineRecord();
  const made = new FrameParser(record);
  made.write(bytesOf('FF 00 05'));
  await new Promise<void>((resolve) => made.end(resolve));
  t.deepEqual(record.drops, { abandoned: 1 });
});

const HUNDRED_MB = 100 * 1024 * 1024;

for (const [what, byte] of [
  ['text', 0x41],
  ['starts', 0xff],
  ['escapes', 0xfa],
] as const) {
  test(`100 MB of ${what} without an end are not stored`, (t) => {
    const before = memoryInUse();
    feedWithoutEnd(t, byte, [65_536, 1, 4_095, 17, 50_000, 2_048, 2_049], HUNDRED_MB);
    const growth = memoryInUse() - before;
    t.true(growth < HUNDRED_MB / 10, `memory grew by ${growth} bytes`);
  });

  test(`a long run of ${what} that arrives byte by byte is not stored`, (t) => {
    feedWithoutEnd(t, byte, [1], 300_000);
  });
}

/** Opens a frame, feeds `total` bytes of one kind, and checks the memory in use on the way and at the end. */
function feedWithoutEnd(t: ExecutionContext, byte: number, sizes: readonly number[], total: number): void {
  const noted = { frames: 0 };
  const made = new FrameParser({
    onFrame: () => noted.frames++,
    onOutside() {},
    onDrop() {},
    onNoise() {},
  });
  const chunks = sizes.map((size) => Buffer.alloc(size, byte));
  let mostHeld = 0;
  made.write(bytesOf('FF 00 05'));
  for (let fed = 0, turn = 0; fed < total; turn++) {
    const chunk = chunks[turn % chunks.length] as Buffer;
    made.write(chunk);
    fed += chunk.length;
    mostHeld = Math.max(mostHeld, made.heldBytes);
  }
  t.true(mostHeld <= DEFAULT_MAX_BODY_LENGTH, `${mostHeld} bytes were held`);
  made.write(bytesOf('FF 00 05 41 FE'));
  t.is(noted.frames, 1);
}

/** Bytes on the heap and in buffers. Garbage is collected twice: only the second time waits for freed buffers. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

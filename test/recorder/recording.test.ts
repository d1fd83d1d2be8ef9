import test from 'ava';
import fc from 'fast-check';
import { MeshgateError } from '../../src/base/errors.js';
import { BLOCK_MAGIC } from '../../src/recorder/block.js';
import { encodeHead, FILE_MAGIC, openRecording, Recording } from '../../src/recorder/recording.js';
import { hexOf } from '../support/hex.js';
import { HEAD, RecorderFixture, textsOf } from '../support/recordings.js';

/** Blocks of one record each: `0`, `1` … */
function blocksOf(amount: number, startsAt?: number): Buffer[] {
  const { recorder, finished, clock } = new RecorderFixture(startsAt === undefined ? {} : { startsAt });
  for (let number = 0; number < amount; number++) {
    recorder.fromRoot(Buffer.of(number));
    clock.advance(1000);
    recorder.finishBlock();
  }
  return finished;
}

function numbersOf(recording: Recording): number[] {
  return [...recording.entries()].flatMap(({ kind, payload }) => (kind === 'fromRoot' ? [...payload] : []));
}

test('the header of a file, byte for byte', (t) => {
  const head = encodeHead({ gateway: '0.1.0', run: 'abc', redacted: true });
  t.is(hexOf(head.subarray(0, 12)), '4D 47 52 45 43 0D 0A 1A 00 01 00 30');
  t.is(head.toString('utf8', 12), '{"gateway":"0.1.0","run":"abc","redacted":true}\n');
  t.deepEqual(new Recording(head).head, { gateway: '0.1.0', run: 'abc', redacted: true });
});

test('a file truncated anywhere gives its complete blocks', (t) => {
  const blocks = blocksOf(3);
  const head = encodeHead(HEAD);
  const file = Buffer.concat([head, ...blocks]);
  const ends = blocks.map((_, index) => Buffer.concat([head, ...blocks.slice(0, index + 1)]).length);
  for (let length = head.length; length <= file.length; length++) {
    const recording = new Recording(file.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    t.deepEqual(numbersOf(recording), [0, 1, 2].slice(0, whole), `${length} bytes`);
    const left = length - (ends[whole - 1] ?? head.length);
    t.is(recording.damage.bytes, left, `${length} bytes`);
  }
});

test('a damaged block costs only that block; it is counted, and detected by its missing number', (t) => {
  const blocks = blocksOf(5);
  const [, , third] = blocks;
  if (third) third[40] = 0x77;
  const recording = new Recording(Buffer.concat([encodeHead(HEAD), ...blocks]));
  t.deepEqual(numbersOf(recording), [0, 1, 3, 4]);
  t.deepEqual(recording.damage, { bytes: third?.length ?? 0, blocks: 1, missing: 1 });
});

test('bytes that belong to no block are skipped, wherever they are', (t) => {
  const [first, second, third] = blocksOf(3) as [Buffer, Buffer, Buffer];
  const noise = Buffer.concat([Buffer.alloc(1000, 'MG'), BLOCK_MAGIC, Buffer.alloc(50, 0xff), BLOCK_MAGIC]);
  const recording = new Recording(Buffer.concat([noise, first, noise, second, third, noise]));
  t.deepEqual(numbersOf(recording), [0, 1, 2]);
  t.is(recording.damage.bytes, 3 * noise.length);
});

test('concatenated files are one recording; each part has its run', (t) => {
  const one = Buffer.concat([encodeHead({ ...HEAD, run: 'a' }), ...blocksOf(2)]);
  const two = Buffer.concat([encodeHead({ ...HEAD, run: 'b' }), ...blocksOf(1)]);
  const recording = new Recording(Buffer.concat([one, two]));
  const runs = [...recording.entries()].map(({ kind, run }) => `${run} ${kind}`);
  t.deepEqual(runs, ['a link', 'a fromRoot', 'a link', 'a fromRoot', 'b link', 'b fromRoot']);
  t.deepEqual(recording.damage, { bytes: 0, blocks: 0, missing: 0 });
  t.deepEqual(numbersOf(recording), [0, 1, 0]);
});

test('reading a recording twice gives the same, and counts damage once', (t) => {
  const recording = new Recording(Buffer.concat([encodeHead(HEAD), ...blocksOf(2), Buffer.from('tail')]));
  const first = textsOf(recording.entries());
  t.deepEqual(textsOf(recording.entries()), first);
  t.deepEqual(recording.damage, { bytes: 4, blocks: 0, missing: 0 });
});

test('a file that is not a recording, or is of a later version, is refused by name', (t) => {
  const later = encodeHead(HEAD);
  later.writeUInt16BE(2, FILE_MAGIC.length);
  const table = [
    [Buffer.alloc(0), /^f: not a recording$/],
    [Buffer.from('hello'), /not a recording/],
    [later, /^f: recording format version 2 is not supported; this meshgate reads version 1$/],
  ] as const;
  for (const [bytes, message] of table) {
    const error = t.throws(() => openRecording('f', bytes), { instanceOf: MeshgateError });
    t.is(error?.code, 'BAD_RECORDING');
    t.regex(error?.message ?? '', message);
  }
});

test('with any bytes, reading ends and throws only that it is not a recording', (t) => {
  const file = Buffer.concat([
    encodeHead(HEAD),
    ...blocksOf(4),
    encodeHead({ ...HEAD, run: 'b' }),
    ...blocksOf(2),
  ]);
  const change = fc.record({ at: fc.nat(file.length - 1), value: fc.nat(255) });
  const damaged = fc
    .tuple(fc.array(change, { maxLength: 20 }), fc.nat(file.length))
    .map(([changes, length]) => {
      const bytes = Buffer.from(file);
      for (const { at, value } of changes) bytes[at] = value;
      return bytes.subarray(0, length);
    });
  const random = fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(damaged, random), (bytes) => {
      try {
        const recording = new Recording(bytes);
        const length = [...recording.entries()].reduce((sum, { payload }) => sum + payload.length, 0);
        t.true(length <= bytes.length && recording.damage.bytes <= bytes.length);
      } catch (error) {
        if (!(error instanceof MeshgateError)) throw error;
      }
    }),
  );
});

test('a block with impossible times counts as damaged', (t) => {
  for (const startsAt of [Number.NaN, Number.POSITIVE_INFINITY, 9e15]) {
    const recording = new Recording(Buffer.concat([encodeHead(HEAD), ...blocksOf(1, startsAt)]));
    t.deepEqual([...recording.entries()], []);
    t.is(recording.damage.blocks, 1);
  }
});

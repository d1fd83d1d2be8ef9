import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {
  encodeHevFrame,
  frameCheck,
  type HevDropReason,
  type HevFrame,
  HevFrameDecoder,
  MAX_INFO_LENGTH,
} from '../../../src/codecs/hev/frame.js';
import { encodePayload } from '../../../src/codecs/hev/payload.js';
import { hevVectors } from '../../support/hev-vectors.js';

/** What a decoder makes of these chunks. */
function read(...chunks: readonly Uint8Array[]) {
  const frames: HevFrame[] = [];
  const drops: HevDropReason[] = [];
  const decoder = new HevFrameDecoder({
    onFrame: (frame) => frames.push(frame),
    onDrop: (reason) => drops.push(reason),
  });
  for (const chunk of chunks) decoder.push(chunk);
  return { frames, drops };
}

const frames = fc.oneof(
  fc.record({
    kind: fc.constant('information' as const),
    address: fc.constantFrom('alarm', 'command', 'data'),
    number: fc.integer({ min: 0, max: 127 }),
    info: fc.uint8Array({ maxLength: MAX_INFO_LENGTH }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({
    kind: fc.constantFrom('ack', 'nack'),
    address: fc.constantFrom('alarm', 'command', 'data'),
    number: fc.integer({ min: 0, max: 127 }),
  }),
);

test('the check of "123456789" is 906E', (t) => {
  t.is(frameCheck(Buffer.from('123456789')), 0x906e);
});

for (const { name, frame, wire } of hevVectors.frames) {
  test(`written and read as in the vector: ${name}`, (t) => {
    t.is(encodeHevFrame(frame).toString('hex'), wire.toString('hex'));
    t.deepEqual(read(wire), { frames: [frame], drops: [] });
  });
}

test('any frames in any chunks are read as they were written', (t) => {
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 5 }), fc.integer({ min: 1, max: 200 }), (given, size) => {
      const wire = Buffer.concat(given.map(encodeHevFrame));
      const chunks = [];
      for (let from = 0; from < wire.length; from += size) chunks.push(wire.subarray(from, from + size));
      t.deepEqual(read(...chunks), { frames: given, drops: [] });
    }),
  );
});

test('a flag that two frames share ends the first and starts the second', (t) => {
  const [first, second] = [1, 2].map((number) => encodeHevFrame({ kind: 'ack', address: 'data', number }));
  const { frames: seen } = read(Buffer.concat([first ?? Buffer.of(), (second ?? Buffer.of()).subarray(1)]));
  t.deepEqual(
    seen.map(({ number }) => number),
    [1, 2],
  );
});

test('noise before a frame costs no frame', (t) => {
  const wire = encodeHevFrame({ kind: 'ack', address: 'data', number: 5 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      t.is(read(noise, wire).frames.at(-1)?.number, 5);
    }),
  );
});

test('a changed byte is never taken for a frame with other content', (t) => {
  fc.assert(
    fc.property(frames, fc.nat(), fc.integer({ min: 1, max: 255 }), (frame, place, change) => {
      const wire = encodeHevFrame(frame);
      const at = 1 + (place % (wire.length - 2));
      wire[at] = (wire[at] ?? 0) ^ change;
      const others = read(wire).frames.filter((seen) => !isDeepStrictEqual(seen, frame));
      t.deepEqual(others, []);
    }),
  );
});

test('what is no frame is dropped with its reason', (t) => {
  t.deepEqual(read(Buffer.from('7e0102037e', 'hex')).drops, ['tooShort']);
  t.deepEqual(read(Buffer.concat([Buffer.alloc(1000, 0x11), Buffer.of(0x7e)])).drops, ['tooLong']);
  t.deepEqual(read(Buffer.from('7e40020183e37e', 'hex')).drops, ['badCheck']);
  const content = Buffer.from('010201', 'hex');
  const check = frameCheck(content);
  t.deepEqual(read(Buffer.of(0x7e, ...content, check & 0xff, check >> 8, 0x7e)).drops, ['badControl']);
});

test('an address with the flag "set" is the same address', (t) => {
  const content = Buffer.from('600201', 'hex');
  const check = frameCheck(content);
  const { frames: seen } = read(Buffer.of(0x7e, ...content, check & 0xff, check >> 8, 0x7e));
  t.deepEqual(seen, [{ kind: 'ack', address: 'data', number: 1 }]);
});

test('what does not fit a frame is refused', (t) => {
  const info = Buffer.alloc(MAX_INFO_LENGTH + 1);
  t.throws(() => encodeHevFrame({ kind: 'information', address: 'data', number: 0, info }), {
    instanceOf: RangeError,
  });
  t.throws(() => encodeHevFrame({ kind: 'ack', address: 'data', number: 128 }), { instanceOf: RangeError });
});

test('the longest payload fits a frame', (t) => {
  t.true(encodePayload('PERSONAL', {}).length <= MAX_INFO_LENGTH);
});

import test from 'ava';
import {
  DEFAULT_MAX_BODY_LENGTH,
  encodeFrame,
  FRAME_DROP_REASONS,
  FrameDecoder,
  type FrameHandlers,
} from '../../src/uart/frame.js';
import {
  keepsRule,
  oneDisturbedByteCostsAtMostTwoFrames,
  readLine,
  readsEveryFrame,
  recoversAfterAnyNoise,
  roundTrips,
  splitsMakeNoDifference,
} from '../support/frame-laws.js';
import { bytesOf, hexOf } from '../support/hex.js';
import { LineRecord } from '../support/line-record.js';
import { frameVectors } from '../support/vectors.js';

const decoder = (handlers: FrameHandlers) => new FrameDecoder(handlers);

for (const { name, body, wire } of frameVectors.frames) {
  test(`encoding writes the frame of the wire book: ${name}`, (t) => {
    t.deepEqual(encodeFrame(bytesOf(body)), bytesOf(wire));
  });
}

test('the decoder reads every frame of the wire book', (t) => readsEveryFrame(t, decoder));

for (const rule of frameVectors.rules) {
  test(`the decoder keeps the rule for ${rule.name}`, (t) => keepsRule(t, decoder, rule));
}

test('the wire book has an example of every reason for dropping a frame and of every noise', (t) => {
  const drops = new Set(frameVectors.rules.flatMap((rule) => Object.keys(rule.drops)));
  const noise = new Set(frameVectors.rules.flatMap((rule) => Object.keys(rule.noise)));
  t.deepEqual([...drops].sort(), Object.keys(FRAME_DROP_REASONS).sort());
  t.deepEqual([...noise].sort(), ['emptyFrame', 'strayEnd']);
});

test('every byte after an escape is decoded or refused as the escape table says', (t) => {
  const escapes = new Map([0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff].map((byte) => [byte ^ 0xfa, byte]));
  for (let byte = 0; byte <= 0xff; byte++) {
    const { bodies } = readLine(decoder, [Buffer.of(0xff, 0x41, 0xfa, byte, 0xfe)]);
    const original = escapes.get(byte);
    t.deepEqual(bodies.map(hexOf), original === undefined ? [] : [`41 ${hexOf(Buffer.of(original))}`]);
  }
});

test('decoding reverses encoding for any bodies in any chunks', (t) => {
  roundTrips(decoder);
  t.pass();
});

test('any split of any line gives the same bodies, drops and console bytes in the same order', (t) => {
  splitsMakeNoDifference(t, decoder);
});

test('after any noise the very next good frame comes through', (t) => {
  recoversAfterAnyNoise(decoder);
  t.pass();
});

test('one corrupted byte costs at most its own frame and the one after', (t) => {
  oneDisturbedByteCostsAtMostTwoFrames(decoder);
  t.pass();
});

test('the limit of a body is configurable', (t) => {
  const record = new LineRecord();
  const small = new FrameDecoder(record, 3);
  small.push(bytesOf('FF 01 02 03 FE FF 01 02 03 04 FE FF FA 05 FA 05 FA 05 FE'));
  t.deepEqual(record.bodies.map(hexOf), ['01 02 03', 'FF FF FF']);
  t.deepEqual(record.drops, { tooLong: 1 });
});

test('a receiver may keep a body: later input does not change it', (t) => {
  const record = new LineRecord();
  const reader = new FrameDecoder(record);
  const chunk = bytesOf('FF 01 02 03 FE');
  reader.push(chunk);
  chunk.fill(0);
  reader.push(bytesOf('FF 09 09 09 FE'));
  t.deepEqual(record.bodies.map(hexOf), ['01 02 03', '09 09 09']);
});

test('a frame is open between its start and its end only', (t) => {
  const reader = new FrameDecoder(new LineRecord());
  const states = ['41', 'FF', '00', 'FA', '05', 'FE'].map((hex) => {
    reader.push(bytesOf(hex));
    return reader.inFrame;
  });
  t.deepEqual(states, [false, true, true, true, true, false]);
});

test('abandoning without an open frame drops nothing', (t) => {
  const record = new LineRecord();
  const reader = new FrameDecoder(record);
  reader.abandon();
  reader.push(bytesOf('FF 01 FE 62'));
  reader.abandon();
  t.deepEqual(record.drops, {});
});

test('the longest body of the field’s firmware, 40 nodes of Net Info, is far below the limit', (t) => {
  t.true(2 + 1 + 1 + 40 * 18 < DEFAULT_MAX_BODY_LENGTH);
});

import test from 'ava';
import fc from 'fast-check';
import { encodeFixed, encodeMessage, type Protocol, roomFor } from '../../../src/codecs/dcss/frame.js';
import { FrameReader, READ_FAULTS, type Received } from '../../../src/codecs/dcss/frame-reader.js';
import {
  FROM_HARDWARE,
  type FromHardware,
  readFromHardware,
  writeFromHardware,
} from '../../../src/codecs/dcss/from-hardware.js';
import {
  cleanToken,
  cutWords,
  isReadable,
  MAX_TOKEN,
  packWords,
  restAfter,
  tokensOf,
  wordsOf,
} from '../../../src/codecs/dcss/text.js';
import {
  readToHardware,
  TO_HARDWARE,
  type ToHardware,
  writeToHardware,
} from '../../../src/codecs/dcss/to-hardware.js';
import { dcssVectors, wireOf } from '../../support/dcss-vectors.js';

const GREETING = encodeFixed('stoc_send_client_type');
const PREFIXES = ['stoc_', 'stoh_', 'htos_'];

function readerOf(protocol: Protocol | 'auto', fixedFirst = 0): FrameReader {
  return new FrameReader({ protocol, fixedFirst, prefixes: PREFIXES });
}

/** `size`: bytes of each piece. */
function read(reader: FrameReader, bytes: Buffer, size = bytes.length): Received[] {
  const received: Received[] = [];
  for (let at = 0; at < bytes.length; at += size)
    received.push(...reader.push(bytes.subarray(at, at + size)));
  return received;
}

test('messages are written as in the vectors', (t) => {
  for (const vector of dcssVectors.frames)
    t.deepEqual(encodeMessage(vector.text, vector.protocol), wireOf(vector), vector.meaning);
});

test('every layout is read, whole, byte by byte, and with another message after it', (t) => {
  for (const vector of [...dcssVectors.frames, ...dcssVectors.alsoRead]) {
    const { text, protocol, binarySize = 0, meaning } = vector;
    const wire = wireOf(vector);
    const expected = [{ text, protocol, binarySize }];
    t.deepEqual(read(readerOf(protocol), wire), expected, meaning);
    t.deepEqual(read(readerOf(protocol), wire, 1), expected, meaning);
    const twice = read(readerOf(protocol), Buffer.concat([wire, wire]), 7);
    t.deepEqual(twice, [...expected, ...expected], meaning);
  }
});

test('each fault ends the reading, and nothing more is taken', (t) => {
  for (const vector of dcssVectors.faults) {
    const reader = readerOf('auto');
    t.deepEqual(read(reader, wireOf(vector), 3), [{ fault: vector.fault }], vector.meaning);
    t.true(reader.isOver);
    t.deepEqual(reader.push(wireOf(vector)), []);
    t.is(reader.heldBytes, 0);
  }
  t.deepEqual(new Set(dcssVectors.faults.map(({ fault }) => fault)), new Set(Object.keys(READ_FAULTS)));
});

test('auto finds either protocol after the greeting; a second greeting changes nothing', (t) => {
  for (const protocol of [1, 2] as const) {
    const wire = Buffer.concat([
      GREETING,
      GREETING,
      encodeMessage('stoh_abort_all soft', protocol),
      encodeMessage('stoh_abort_all hard', protocol),
    ]);
    for (const size of [1, 5, 26, 199, 200, 201, wire.length]) {
      const reader = readerOf('auto', 1);
      const texts = read(reader, wire, size).map((one) => ('text' in one ? one.text : one.fault));
      const greetings = ['stoc_send_client_type', 'stoc_send_client_type'];
      t.deepEqual(texts, [...greetings, 'stoh_abort_all soft', 'stoh_abort_all hard']);
      t.is(reader.protocol, protocol);
    }
  }
});

test('text that does not fit is refused, not cut', (t) => {
  t.throws(() => encodeMessage('x'.repeat(200), 1), { instanceOf: RangeError });
  t.throws(() => encodeMessage('x'.repeat(65_536), 2), { instanceOf: RangeError });
  t.is(encodeMessage('x'.repeat(roomFor(1)), 1).length, 200);
  t.is(encodeMessage('x'.repeat(roomFor(2)), 2).length, 26 + 65_536);
});

test('messages of the vectors are read and written', (t) => {
  for (const { text, message } of dcssVectors.toHardware) {
    t.deepEqual(readToHardware(text), message as unknown as ToHardware);
    t.is(tokensOf(writeToHardware(message as unknown as ToHardware)).length, tokensOf(text).length);
    t.deepEqual(readToHardware(writeToHardware(message as unknown as ToHardware)), message as never);
  }
  for (const { text, message } of dcssVectors.fromHardware) {
    t.deepEqual(readFromHardware(text), message as unknown as FromHardware);
    t.is(writeFromHardware(message as unknown as FromHardware), text);
  }
  for (const { text, same } of dcssVectors.toHardwareShort)
    t.deepEqual(readToHardware(text), readToHardware(same));
  for (const { text, why } of dcssVectors.refused) t.is(readToHardware(text), why as never);
});

test('tables name each message of the protocol once', (t) => {
  t.true(Object.keys(TO_HARDWARE).every((name) => /^sto[ch]_[a-z_]+$/.test(name)));
  t.true(Object.keys(FROM_HARDWARE).every((name) => /^htos_[a-z_]+$/.test(name)));
});

const line = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

test('any texts in any pieces come out as they went in', (t) => {
  const texts = fc.array(line.map((text) => text.trim().slice(0, 199)));
  fc.assert(
    fc.property(
      texts,
      fc.constantFrom(1 as const, 2 as const),
      fc.integer({ min: 1, max: 300 }),
      (all, protocol, size) => {
        const wire = Buffer.concat(all.map((text) => encodeMessage(text, protocol)));
        const received = read(readerOf(protocol), wire, size);
        t.deepEqual(
          received.map((one) => ('text' in one ? one.text.trim() : one.fault)),
          all,
        );
      },
    ),
    { numRuns: 100 },
  );
});

test('words of any text can be read by DCSS, and fit where they are packed', (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.integer({ min: MAX_TOKEN, max: 300 }), (text, room) => {
      const words = wordsOf(text);
      const packed = packWords(words, room);
      t.true(packed.every((one) => one.length <= room && isReadable(one)));
      t.deepEqual(packed.flatMap(tokensOf), words);
      t.true(cutWords(words, room).length <= room);
      t.true(isReadable(cleanToken(text)) && tokensOf(cleanToken(text)).length === 1);
    }),
    { numRuns: 200 },
  );
  t.is(restAfter('a  b c  d ', 2), 'c  d');
  t.is(restAfter('a', 2), '');
});

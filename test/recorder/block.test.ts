import test from 'ava';
import fc from 'fast-check';
import {
  BLOCK_HEAD_LENGTH,
  BlockWriter,
  MAX_BLOCK_LENGTH,
  MAX_PAYLOAD_LENGTH,
  RECORD_KINDS,
  type RecordKind,
  readBlock,
} from '../../src/recorder/block.js';
import { bytesOf, hexOf } from '../support/hex.js';

const HEAD = { host: 1_777_615_200_000, us: 5_000_000, number: 7 };

test('a block byte for byte: header, then records', (t) => {
  const writer = new BlockWriter();
  writer.begin(HEAD);
  writer.append('link', 5_000_000, 0, Buffer.from('/dev/ttyUSB0'));
  writer.append('fromRoot', 5_000_300, 0, bytesOf('FF 00 05 41 FE'));
  writer.append('request', 5_000_300, 200, Buffer.from('NINFO'), 5000);
  const bytes = writer.finish();
  t.is(
    hexOf(bytes),
    [
      '4D 47 42 4B 00 00 00 26 4F 47 64 1A',
      '42 79 DE 21 F5 F0 00 00 41 53 12 D0 00 00 00 00 00 00 00 07',
      '01 00 00 0C 2F 64 65 76 2F 74 74 79 55 53 42 30',
      '05 AC 02 00 05 FF 00 05 41 FE',
      '89 00 C8 01 05 88 27 4E 49 4E 46 4F',
    ].join(' '),
  );
  t.true(writer.isIdle);
  const block = readBlock(bytes);
  t.like(block, { ...HEAD, unread: 0 });
  t.like(block?.records[2], { kind: 'request', us: 5_000_300, channel: 200, wholeLength: 5000 });
});

test('each record code is used once, and leaves room for the truncation flag', (t) => {
  const codes = Object.values(RECORD_KINDS).map(({ code }) => code);
  t.is(new Set<number>(codes).size, codes.length);
  t.true(codes.every((code) => code > 0 && code < 0x80));
});

const record = fc.record({
  kind: fc.constantFrom(...(Object.keys(RECORD_KINDS) as RecordKind[])),
  elapsedUs: fc.oneof(fc.nat(127), fc.nat(1_000_000), fc.nat(2 ** 40)),
  channel: fc.nat(100_000),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  cutBytes: fc.constantFrom(0, 0, 1, 5_000_000),
});

test('records are read back as written', (t) => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), (records) => {
      const writer = new BlockWriter();
      writer.begin(HEAD);
      let us = HEAD.us;
      const expected = records.map(({ kind, elapsedUs, channel, payload, cutBytes }) => {
        us += elapsedUs;
        const wholeLength = payload.length + cutBytes;
        writer.append(kind, us, channel, payload, wholeLength);
        return { kind, us, channel, payload, wholeLength };
      });
      t.deepEqual(readBlock(writer.finish()), { ...HEAD, records: expected, unread: 0 });
    }),
  );
});

test('a full block never exceeds its maximum size', (t) => {
  const writer = new BlockWriter();
  writer.begin(HEAD);
  let written = 0;
  for (; writer.room > 0; written++) {
    writer.append('fromRoot', HEAD.us, 0, Buffer.alloc(Math.min(writer.room, 1000)));
  }
  const bytes = writer.finish();
  t.true(bytes.length <= MAX_BLOCK_LENGTH);
  t.true(bytes.length > MAX_BLOCK_LENGTH - 100);
  t.is(readBlock(bytes)?.records.length, written);
  t.true(MAX_PAYLOAD_LENGTH < MAX_BLOCK_LENGTH - 2 * BLOCK_HEAD_LENGTH);
});

test('a block with any byte changed, or truncated anywhere, is damaged', (t) => {
  const writer = new BlockWriter();
  writer.begin(HEAD);
  for (const text of ['one', 'two', 'three']) writer.append('call', HEAD.us, 3, Buffer.from(text));
  const whole = writer.finish();
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    t.is(readBlock(changed), undefined, `byte ${at}`);
    t.is(readBlock(whole.subarray(0, at)), undefined, `cut at ${at}`);
  }
});

test('a record of a later version is reported as unknown, and those after it are read', (t) => {
  const writer = new BlockWriter();
  writer.begin(HEAD);
  writer.append('opened', HEAD.us, 0, Buffer.from('x'));
  writer.append('toRoot', HEAD.us, 0, Buffer.from('y'));
  const later = rewritten(writer.finish(), BLOCK_HEAD_LENGTH, 0x7e);
  t.deepEqual(
    readBlock(later)?.records.map(({ kind }) => kind),
    [undefined, 'toRoot'],
  );
});

test('records that end in garbage: those before it are read, the rest is counted', (t) => {
  const writer = new BlockWriter();
  writer.begin(HEAD);
  writer.append('fromRoot', HEAD.us, 0, Buffer.from('abc'));
  writer.append('fromRoot', HEAD.us, 0, Buffer.from('defg'));
  const bytes = writer.finish();
  const tooLong = rewritten(bytes, bytes.length - 5, 0x70);
  t.like(readBlock(tooLong), { unread: 8, records: { length: 1 } });
});

/** A block with one byte changed, and its CRC corrected. */
function rewritten(block: Buffer, at: number, value: number): Buffer {
  const bytes = Buffer.from(block);
  bytes[at] = value;
  bytes.writeUInt32BE(crcOf(bytes.subarray(12)), 8);
  return bytes;
}

/** CRC-32 by its definition, bit by bit. */
function crcOf(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

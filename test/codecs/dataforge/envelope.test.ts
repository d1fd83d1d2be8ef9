import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import * as z from 'zod';
import { packageRoot } from '../../../src/base/package-root.js';
import {
  ENVELOPE_FORMS,
  type Envelope,
  encodeEnvelope,
  type NewEnvelope,
} from '../../../src/codecs/dataforge/envelope.js';
import { decodeFile, type FileEntry } from '../../../src/codecs/dataforge/envelope-file.js';
import {
  EnvelopeReader,
  type ReadFault,
  type Received,
} from '../../../src/codecs/dataforge/envelope-reader.js';
import {
  decodeBinaryPoints,
  decodeTextPoints,
  encodeBinaryPoints,
  encodeTextPoints,
} from '../../../src/codecs/dataforge/points.js';
import { unpackData } from '../../../src/codecs/dataforge/unpack.js';
import { bytesOf, hexOf } from '../../support/hex.js';
import { byteByByte, inSizes } from '../../support/line-record.js';

const LIMITS = { maxMeta: 1_048_576, maxData: 16_777_216 };

const vectors = z
  .strictObject({
    about: z.string(),
    envelopes: z.array(
      z.strictObject({
        name: z.string(),
        meaning: z.string(),
        form: z.enum(ENVELOPE_FORMS),
        style: z.enum(['server', 'online']),
        isReadOnly: z.boolean().default(false),
        time: z.string(),
        meta: z.unknown(),
        metaText: z.string(),
        dataType: z.int().default(0),
        data: z.string().default(''),
        wire: z.string(),
      }),
    ),
    faults: z.array(
      z.strictObject({ name: z.string(), fault: z.string(), isFatal: z.boolean(), wire: z.string() }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(packageRoot, 'test', 'vectors', 'dataforge.json'), 'utf8')));

function read(chunks: Iterable<Buffer>, reader = new EnvelopeReader(LIMITS)): Received[] {
  return [...chunks].flatMap((chunk) => reader.push(chunk));
}

function faultsOf(received: readonly Received[]): ReadFault[] {
  return received.flatMap((one) => ('fault' in one ? [one.fault] : []));
}

function envelopesOf(received: readonly Received[]): Envelope[] {
  return received.flatMap((one) => ('envelope' in one ? [one.envelope] : []));
}

/** What the tests compare: buffers as hex. */
function shown(received: readonly Received[]): unknown[] {
  return received.map((one) =>
    'fault' in one ? one : { ...one.envelope, data: one.envelope.data.toString('hex') },
  );
}

for (const { name, form, style, isReadOnly, time, meta, dataType, data, wire } of vectors.envelopes) {
  const expected = [{ form, meta, dataType, data: bytesOf(data).toString('hex') }];

  test(`${name} is read whole, byte by byte, and after noise`, (t) => {
    const bytes = bytesOf(wire);
    t.deepEqual(shown(read([bytes])), expected);
    t.deepEqual(shown(read(byteByByte(bytes))), expected);
    const noisy = Buffer.concat([Buffer.from('#!#~DF0'), bytes, Buffer.from('tail')]);
    t.deepEqual(shown(read([noisy])), expected);
  });

  if (!isReadOnly) {
    test(`${name} is written`, (t) => {
      const at = Number.parseInt(time, 16);
      const written = encodeEnvelope({ meta, data: bytesOf(data), dataType }, { form, at, style });
      t.is(hexOf(written), wire);
    });
  }
}

for (const { name, fault, isFatal, wire } of vectors.faults) {
  test(`${name} is refused, and ${isFatal ? 'ends the stream' : 'the next envelope is read'}`, (t) => {
    const next = encodeEnvelope({ meta: { next: true } }, { form: 'df02', at: 0 });
    for (const cut of [(bytes: Buffer) => [bytes], byteByByte]) {
      const reader = new EnvelopeReader(LIMITS);
      const received = read(cut(Buffer.concat([bytesOf(wire), next])), reader);
      t.deepEqual(faultsOf(received), [fault as ReadFault]);
      t.is(envelopesOf(received).length, isFatal ? 0 : 1);
      t.is(reader.isOver, isFatal);
    }
  });
}

test('the time is the low 32 bits of the milliseconds', (t) => {
  const written = encodeEnvelope({ meta: {} }, { form: 'tagged', at: 0x1_9999_0000_1234 });
  t.is(written.readUInt32BE(6), 0x1234);
});

test('a header inside the data of another envelope means nothing', (t) => {
  const inner = encodeEnvelope({ meta: { inner: true } }, { form: 'tagged', at: 0 });
  const outer = encodeEnvelope({ meta: { outer: true }, data: inner }, { form: 'tagged', at: 0 });
  t.deepEqual(
    envelopesOf(read([outer])).map(({ meta }) => meta),
    [{ outer: true }],
  );
});

test('a stream without headers keeps 29 bytes, and an announced length costs nothing', (t) => {
  const reader = new EnvelopeReader(LIMITS);
  reader.push(Buffer.alloc(1_000_000, '#!'));
  t.true(reader.heldBytes <= 29);
  const begun = encodeEnvelope({ meta: {}, data: Buffer.alloc(1_000_000) }, { form: 'df02', at: 0 });
  reader.push(begun.subarray(0, 100));
  t.true(reader.isInEnvelope);
  t.true(reader.heldBytes <= 100);
});

/** CPU time of reading `bytes` in pieces of `size`. */
function cpuMs(bytes: Buffer, size: number): number {
  const chunks = inSizes([size])(bytes);
  const reader = new EnvelopeReader(LIMITS);
  const before = process.cpuUsage();
  for (const chunk of chunks) reader.push(chunk);
  return process.cpuUsage(before).user / 1000;
}

const HALF_HEADER = bytesOf(
  '23 21 00 01 40 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 21 23 0D',
);
const HOSTILE: Readonly<Record<string, (length: number) => Buffer>> = {
  'half headers': (length) => Buffer.alloc(length, HALF_HEADER),
  'starts of headers': (length) => Buffer.alloc(length, bytesOf('23 21 00 01 40 00')),
  hashes: (length) => Buffer.alloc(length, '#'),
  'one long envelope': (length) =>
    encodeEnvelope({ meta: {}, data: Buffer.alloc(length, '#~DF02') }, { form: 'df02', at: 0 }),
};

for (const [name, make] of Object.entries(HOSTILE)) {
  for (const size of [1, 4096]) {
    test.serial(`${name} in chunks of ${size} take time in proportion to their length`, (t) => {
      const length = size === 1 ? 100_000 : 4_000_000;
      cpuMs(make(length), size);
      const [short, long] = [cpuMs(make(length), size), cpuMs(make(4 * length), size)];
      t.true(long < 16 * Math.max(short, 20), `${short} ms, and ${long} ms for four times as much`);
    });
  }
}

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const metas = fc.dictionary(
  fc.string().filter((key) => key !== 'compression' && key !== '__proto__'),
  json,
);
const envelopes = fc.record({
  meta: metas,
  data: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  dataType: fc.constantFrom(0, 0x100, 0x107, 0x200, 0x201),
});
const styles = fc.record({
  form: fc.constantFrom(...ENVELOPE_FORMS),
  at: fc.integer({ min: 0, max: 2 ** 41 }),
  style: fc.constantFrom('server' as const, 'online' as const),
});
const junk = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(HALF_HEADER, Buffer.from('#~DF03'), Buffer.from('#!')),
);

test('encoding and decoding cancel out, for any envelopes in any order, split anywhere', (t) => {
  const written = fc.array(fc.tuple(envelopes, styles), { maxLength: 6 });
  fc.assert(
    fc.property(written, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (list, sizes) => {
      const stream = Buffer.concat(list.map(([envelope, style]) => encodeEnvelope(envelope, style)));
      const expected = list.map(([{ meta, data, dataType }, { form }]) => ({
        form,
        meta,
        dataType: form === 'tagged' ? dataType : 0,
        data: data.toString('hex'),
      }));
      t.deepEqual(shown(read(inSizes(sizes)(stream))), expected);
      const inFile = [...decodeFile(stream)];
      t.deepEqual(
        inFile.map((entry) => entry.kind),
        list.map(() => 'envelope'),
      );
    }),
  );
});

test('any split of any junk and envelopes gives the same', (t) => {
  const part = fc.oneof(
    junk,
    fc.tuple(envelopes, styles).map(([envelope, style]) => encodeEnvelope(envelope, style)),
    fc
      .tuple(envelopes, styles, fc.nat(60))
      .map(([envelope, style, cut]) => encodeEnvelope(envelope, style).subarray(0, cut)),
  );
  fc.assert(
    fc.property(
      fc.array(part),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (parts, sizes) => {
        const stream = Buffer.concat(parts);
        const [whole, split] = [new EnvelopeReader(LIMITS), new EnvelopeReader(LIMITS)];
        t.deepEqual(shown(read(inSizes(sizes)(stream), split)), shown(read([stream], whole)));
        t.is(split.skippedBytes, whole.skippedBytes);
        t.is(split.heldBytes, whole.heldBytes);
      },
    ),
  );
});

test('compressed data is unpacked up to the limit', (t) => {
  const plain = Buffer.alloc(100_000, 'x');
  const packed: NewEnvelope = { meta: { compression: 'zlib' }, data: deflateSync(plain) };
  const [envelope] = envelopesOf(read([encodeEnvelope(packed, { form: 'tagged', at: 0 })]));
  t.true(envelope && unpackData(envelope, 100_000)?.equals(plain));
  t.is(envelope && unpackData(envelope, 99_999), undefined);
  t.is(unpackData({ meta: { compression: 'zlib' }, data: Buffer.from('no') }, 100), undefined);
  t.is(unpackData({ meta: {}, data: Buffer.alloc(101) }, 100), undefined);
});

test('points have 17 bytes, or a line', (t) => {
  const point = { block: 1, at: 1000, volts: 1500 };
  t.is(hexOf(encodeBinaryPoints([point])), '01 E8 03 00 00 00 00 00 00 00 00 00 00 00 70 97 40');
  t.deepEqual(decodeBinaryPoints(encodeBinaryPoints([point, point])), [point, point]);
  t.is(decodeBinaryPoints(Buffer.alloc(16)), undefined);
  t.is(decodeBinaryPoints(Buffer.alloc(17, 0xff)), undefined);
  t.is(encodeTextPoints([point]).toString(), '1970-01-01T00:00:01.000Z 1 1500\n');
  t.deepEqual(decodeTextPoints(encodeTextPoints([point, { ...point, volts: -1e-7 }])), [
    point,
    { ...point, volts: -1e-7 },
  ]);
  t.is(decodeTextPoints(Buffer.from('yesterday 1 3\n')), undefined);
});

function summary(entries: readonly FileEntry[]): unknown[] {
  return entries.map((entry) => {
    if (entry.kind === 'skipped') return [entry.offset, entry.length];
    if (entry.kind === 'fault') return [entry.offset, entry.fault];
    const { form, meta, data } = entry.envelope;
    return [entry.offset, form, meta, data.toString()];
  });
}

test('a file is read with what lies between envelopes, and says where it was cut off', (t) => {
  const one = encodeEnvelope({ meta: { one: 1 }, data: Buffer.from('d') }, { form: 'df02', at: 0 });
  const file = Buffer.concat([Buffer.from('??'), one, one.subarray(0, -1)]);
  t.deepEqual(summary([...decodeFile(file)]), [
    [0, 2],
    [2, 'df02', { one: 1 }, 'd'],
    [2 + one.length, 'cutOff'],
  ]);
});

test('in a file, a length of FFFFFFFF reaches to its end', (t) => {
  const open = Buffer.concat([
    bytesOf('23 7E 44 46 30 32 4A 53 00 00 00 04 FF FF FF FF 7E 23 0D 0A'),
    Buffer.from('{}\r\nall of it'),
  ]);
  t.deepEqual(summary([...decodeFile(open)]), [[0, 'df02', {}, 'all of it']]);
});

test('the text form is read', (t) => {
  const text = '#~DFTL\r\n#~META-json\r\n{"a": 1}\r\n#~DATA\r\nsome #~DATA\r\n';
  t.deepEqual(summary([...decodeFile(Buffer.from(text))]), [[0, 'dftl', { a: 1 }, 'some #~DATA\r\n']]);
  t.deepEqual(summary([...decodeFile(Buffer.from('#~DFTL\n#~META\n{}\n'))]), [[0, 'dftl', {}, '']]);
  t.deepEqual(summary([...decodeFile(Buffer.from('#~DFTL\r\n#~META-xml\r\n<a/>\r\n#~DATA\r\n'))]), [
    [0, 'metaType'],
  ]);
});

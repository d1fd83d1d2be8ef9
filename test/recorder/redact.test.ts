import test from 'ava';
import fc from 'fast-check';
import { readBlock } from '../../src/recorder/block.js';
import { Recording } from '../../src/recorder/recording.js';
import { Redactor } from '../../src/recorder/redact.js';
import { WireDecoder } from '../../src/recorder/wire-decoder.js';
import { encodeFrame } from '../../src/uart/frame.js';
import { bytesOf, hexOf } from '../support/hex.js';
import { RecorderFixture } from '../support/recordings.js';
import { shippedTables } from '../support/tables.js';

const SETTINGS = { opcodes: shippedTables.opcodes, openFrameTimeoutMs: 500 };

/** What remains of a recording; payloads in order, `link` and `client` omitted. */
function redacted(record: (fixture: RecorderFixture) => void): Buffer[] {
  const fixture = new RecorderFixture();
  record(fixture);
  const { blocks } = fixture.recorder.read({}, Number.POSITIVE_INFINITY);
  const recording = new Recording(new Redactor(SETTINGS).redact(blocks));
  return [...recording.entries()].flatMap(({ kind, payload }) =>
    kind === 'link' || kind === 'client' ? [] : [payload],
  );
}

const LINES = [
  ['a message keeps address and opcode', 'FF 00 05 44 01 00 07 FE', 'FF 00 05 44 00 00 00 FE'],
  ['escaped bytes are one zero each', 'FF 00 05 45 FA 05 FA 00 41 FE', 'FF 00 05 45 00 00 00 FE'],
  ['kept escaped bytes stay escaped', 'FF 12 FA 05 99 41 FE', 'FF 12 FA 05 99 00 FE'],
  ['console text keeps its line ends', '41 20 42 0D 0A 43 0A', '78 78 78 0D 0A 78 0A'],
  ['a stray end of frame stays', '41 FE FE', '78 FE FE'],
  [
    'a truncated frame stays truncated',
    'FF 00 05 44 01 FF 00 06 52 00 FE',
    'FF 00 05 44 00 FF 00 06 52 00 FE',
  ],
  ['an invalid escape stays, and what follows is text', 'FF 00 05 44 FA 41 42 FE', 'FF 00 05 44 FA 02 78 FE'],
  ['an escape before an end', 'FF 00 05 44 41 FA FE', 'FF 00 05 44 00 FA FE'],
  ['an escape before a start', 'FF 00 05 FA FF 00 05 44 41 FE', 'FF 00 05 FA FF 00 05 44 00 FE'],
  ['a reserved byte ends the frame', 'FF 00 05 44 FC 41 FE', 'FF 00 05 44 FC 78 FE'],
] as const;

for (const [title, given, wanted] of LINES) {
  test(`from the root: ${title}`, (t) => {
    const [bytes] = redacted(({ recorder }) => recorder.fromRoot(bytesOf(given)));
    t.is(hexOf(bytes ?? Buffer.alloc(0)), wanted);
    const pieces = redacted(({ recorder }) => {
      for (const byte of bytesOf(given)) recorder.fromRoot(Buffer.of(byte));
    });
    t.is(hexOf(Buffer.concat(pieces)), wanted, 'byte by byte');
  });
}

test('to the root: the command is kept, the address after it, and the opcode of a message', (t) => {
  const table = [
    ['NINFO', 'NINFO'],
    ['SEND-\0\x05Thello', 'SEND-\0\x05T\0\0\0\0\0'],
    ['BCAST\0\0Thello', 'BCAST\0\0T\0\0\0\0\0'],
    ['SHOUThello', 'SHOUT\0\0\0\0\0'],
  ] as const;
  for (const [given, wanted] of table) {
    const [bytes] = redacted(({ recorder }) => recorder.toRoot(encodeFrame(Buffer.from(given, 'latin1'))));
    t.deepEqual(bytes, encodeFrame(Buffer.from(wanted, 'latin1')));
  }
});

test('clients: commands, JSON-RPC methods, ids and error codes are kept', (t) => {
  const table = [
    [Buffer.from('W-LOGsecret'), Buffer.from('W-LOG\0\0\0\0\0\0')],
    [Buffer.from('[GET]\0\x05GPS'), Buffer.from('[GET]\0\x05\0\0\0')],
    [
      '{"jsonrpc":"2.0","id":7,"method":"log","params":{"text":"secret"}}',
      '{"jsonrpc":"2.0","id":7,"method":"log"}',
    ],
    [
      '[{"id":1,"method":"log","params":{"text":"a long secret"}}]',
      '[{"jsonrpc":"2.0","id":1,"method":"log"}]',
    ],
    ['{"id":"x","method":"my secret is not a method"}', '{"jsonrpc":"2.0","id":"x"}'],
    ['no JSON', 'xxxxxxx'],
    ['7', 'x'],
  ] as const;
  for (const [given, wanted] of table) {
    const [bytes] = redacted(({ recorder }) => recorder.client('client 1').asked(given));
    t.is(bytes?.toString('latin1'), wanted.toString());
  }
  const replies = [
    [Buffer.from('Ssecret'), 'S\0\0\0\0\0\0'],
    [Buffer.from('F\x04Busy'), 'F\x04Busy'],
    ['{"jsonrpc":"2.0","id":7,"result":{"text":"secret"}}', '{"jsonrpc":"2.0","id":7,"result":{}}'],
    [
      '{"jsonrpc":"2.0","id":7,"error":{"code":-32010,"message":"secret","data":{"code":"NODE_NOT_FOUND"}}}',
      '{"jsonrpc":"2.0","id":7,"error":{"code":-32010,"data":{"code":"NODE_NOT_FOUND"}}}',
    ],
  ] as const;
  for (const [given, wanted] of replies) {
    const [bytes] = redacted(({ recorder }) => recorder.client('client 1').answered(given));
    t.is(bytes?.toString('latin1'), wanted);
  }
});

test('a truncated text is removed entirely, and its length is kept', (t) => {
  const fixture = new RecorderFixture();
  fixture.recorder
    .client('client 1')
    .asked(`{"id":1,"method":"log","params":{"text":"${'secret'.repeat(2000)}"}}`);
  fixture.recorder.finishBlock();
  const redactedBlock = new Redactor(SETTINGS).redact(fixture.finished[0] ?? Buffer.alloc(0));
  const record = readBlock(redactedBlock)?.records.at(-1);
  t.regex(record?.payload.toString() ?? '', /^x+$/);
  t.true((record?.wholeLength ?? 0) > 12_000);
});

const SECRET = 0x5a;
const secretBody = fc
  .record({
    from: fc.nat(0x7fff),
    opcode: fc.nat(0x40),
    payload: fc.array(fc.constantFrom(SECRET, SECRET, 0xff, 0xfe, 0xfa), { maxLength: 40 }),
  })
  .map(({ from, opcode, payload }) => Buffer.from([from >> 8, from & 0xff, opcode, ...payload]));

test('no byte of a payload remains, however the line is split; bodies keep their start and length', (t) => {
  const isKeptFree = (body: Buffer) => !body.subarray(0, 3).includes(SECRET);
  fc.assert(
    fc.property(
      fc.array(secretBody.filter(isKeptFree), { minLength: 1, maxLength: 10 }),
      fc.nat(7),
      (bodies, size) => {
        const line = Buffer.concat(bodies.flatMap((body) => [Buffer.from('ZZ\n'), encodeFrame(body)]));
        const pieces = redacted(({ recorder }) => {
          for (let at = 0; at < line.length; at += size + 1)
            recorder.fromRoot(line.subarray(at, at + size + 1));
        });
        const left = Buffer.concat(pieces);
        t.false(left.includes(SECRET));
        const decoder = new WireDecoder({ maxBodyLength: 2048, openFrameTimeoutMs: 500 });
        const found = decoder.push(left, 0).flatMap((item) => (item.kind === 'frame' ? [item.body] : []));
        t.deepEqual(
          found.map((body) => [body.length, body.toString('hex', 0, 3)]),
          bodies.map((body) => [body.length, body.toString('hex', 0, 3)]),
        );
      },
    ),
  );
});

test('a frame without a byte for too long has ended: what follows is text, and is removed', (t) => {
  const pieces = redacted(({ recorder, clock }) => {
    recorder.fromRoot(bytesOf('FF 00'));
    clock.advance(500);
    recorder.fromRoot(Buffer.from('secret'));
  });
  t.is(pieces[1]?.toString(), 'xxxxxx');
});

/** DataForge envelopes: any split gives the same, little is held, and a file of the same bytes is read to its end. */
import fc from 'fast-check';
import { ENVELOPE_FORMS, encodeEnvelope } from '../../src/codecs/dataforge/envelope.js';
import { decodeFile } from '../../src/codecs/dataforge/envelope-file.js';
import { EnvelopeReader } from '../../src/codecs/dataforge/envelope-reader.js';
import { unpackData } from '../../src/codecs/dataforge/unpack.js';
import { must, type Target } from '../target.js';
import { pieces } from './cuts.js';

const LIMITS = { maxMeta: 256, maxData: 256 };
const MAX_UNPACKED = 1024;

const envelopes = fc
  .record({
    meta: fc.oneof(
      fc.constantFrom({ compression: 'zlib' }, { compression: 'lz4' }, { type: 'command' }),
      fc.jsonValue(),
    ),
    data: fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
    form: fc.constantFrom(...ENVELOPE_FORMS),
    style: fc.constantFrom('server' as const, 'online' as const),
  })
  .map(({ meta, data, ...style }) => encodeEnvelope({ meta, data }, { ...style, at: 0 }));

export const dataforgeTarget: Target = {
  name: 'dataforge',
  words: [
    Buffer.from('232100014000', 'hex'),
    Buffer.from('21230d0a', 'hex'),
    '#~DF02JS',
    '#~DF03',
    '#~DFTL\r\n#~META-json\r\n',
    '#~DATA\r\n',
    '~#\r\n',
    Buffer.from('ffffffff', 'hex'),
    '{}\r\n',
  ],
  inputs: fc
    .array(
      fc.oneof(
        envelopes,
        fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array)),
      ),
      {
        maxLength: 5,
      },
    )
    .map((parts) => Buffer.concat(parts)),
  run(input) {
    const whole = receive([input]);
    const split = receive(pieces(input));
    must(whole.received === split.received, `the split matters: ${whole.received} or ${split.received}`);
    readAsFile(input);
    return whole.outcome;
  },
};

function receive(chunks: Iterable<Buffer>) {
  const reader = new EnvelopeReader(LIMITS);
  const received: string[] = [];
  const outcomes = new Set<string>();
  for (const chunk of chunks) {
    for (const one of reader.push(chunk)) {
      outcomes.add('fault' in one ? one.fault : one.envelope.form);
      if ('fault' in one) received.push(one.fault);
      else {
        const { meta, data } = one.envelope;
        const unpacked = unpackData(one.envelope, MAX_UNPACKED);
        must((unpacked?.length ?? 0) <= MAX_UNPACKED, 'unpacked beyond the limit');
        received.push(JSON.stringify([meta, data.toString('hex'), unpacked?.toString('hex')]));
      }
    }
    must(reader.heldBytes <= LIMITS.maxMeta + LIMITS.maxData, `${reader.heldBytes} bytes are held`);
  }
  const outcome = [...outcomes].sort().join() || (reader.skippedBytes > 0 ? 'skipped' : 'nothing');
  return { received: JSON.stringify([received, reader.skippedBytes, reader.heldBytes]), outcome };
}

/** Entries follow each other without a gap. */
function readAsFile(input: Buffer): void {
  let last = -1;
  for (const { offset } of decodeFile(input)) {
    must(offset > last && offset < Math.max(1, input.length), `offset ${offset} after ${last}`);
    last = offset;
  }
}

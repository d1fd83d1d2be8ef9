import test from 'ava';
import fc from 'fast-check';
import { formatDumpLine, parseDumpLine } from '../../../src/codecs/hev/dump.js';
import {
  decodePayload,
  describePayload,
  encodePayload,
  LAYOUTS,
  PAYLOAD_NAMES,
  type Payload,
} from '../../../src/codecs/hev/payload.js';
import { hevVectors } from '../../support/hev-vectors.js';

for (const type of PAYLOAD_NAMES) {
  test(`${type} has its length`, (t) => {
    t.is(LAYOUTS[type].length, hevVectors.lengths[type]);
    const last = LAYOUTS[type].fields.at(-1);
    t.is((last?.offset ?? 0) + (last?.size ?? 0), LAYOUTS[type].length);
  });
}

for (const { name, frame, payload } of hevVectors.frames) {
  if (!payload || frame.kind !== 'information') continue;
  test(`the payload of the vector: ${name}`, (t) => {
    t.deepEqual(decodePayload(frame.info), payload);
  });
}

test('any bytes of a known type and length are written as they were read', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...PAYLOAD_NAMES),
      fc.uint8Array({ minLength: 100, maxLength: 100 }),
      (type, noise) => {
        const { length, number, fields } = LAYOUTS[type];
        if (fields.some((field) => field.type === 'text')) return;
        const bytes = Buffer.from(noise.subarray(0, length));
        bytes[0] = 0xb6;
        bytes[5] = number;
        const payload = decodePayload(bytes) as Payload;
        if (Object.values(payload.values).some((value) => Number.isNaN(value))) return;
        t.deepEqual(encodePayload(type, payload.values, payload.timestamp), bytes);
      },
    ),
  );
});

test('clients get enumerations by name, a number without a name as the number, and no NaN', (t) => {
  const data = encodePayload('DATA', { fsm_state: 7, flow: 1.1, volume: Number.NaN }, 5020);
  const shown = describePayload(decodePayload(data) as Payload);
  t.deepEqual(Object.keys(shown).slice(0, 4), ['version', 'timestamp', 'payload_type', 'fsm_state']);
  t.like(shown, { version: 182, timestamp: 5020, payload_type: 'DATA', fsm_state: 'INHALE' });
  t.is(shown.flow, 1.100000023841858);
  t.is(shown.volume, null);
  const odd = describePayload(decodePayload(encodePayload('DATA', { fsm_state: 99 })) as Payload);
  t.is(odd.fsm_state, 99);
});

test('the code of a command is named by its family', (t) => {
  const describe = (cmd_type: number, cmd_code: number) =>
    describePayload(decodePayload(encodePayload('CMD', { cmd_type, cmd_code })) as Payload);
  t.like(describe(1, 1), { cmd_type: 'GENERAL', cmd_code: 'START' });
  t.like(describe(16, 1), { cmd_type: 'GET_THRESHOLD_MIN', cmd_code: 'APNEA' });
  t.like(describe(21, 1), { cmd_type: 'MUTE_ALARM', cmd_code: 1 });
  t.like(describe(99, 1), { cmd_type: 99, cmd_code: 1 });
});

test('texts end at the first NUL, and what is not UTF-8 is marked', (t) => {
  const bytes = encodePayload('PERSONAL', { name: 'Ada\0Lovelace', sex: 'F', age: 36 });
  const { values } = decodePayload(bytes) as Payload;
  t.like(values, { name: 'Ada', sex: 'F', age: 36 });
  bytes[6] = 0xff;
  t.is((decodePayload(bytes) as Payload).values.name, '\ufffdda');
});

test('a text that is too long ends with a whole character', (t) => {
  const { values } = decodePayload(
    encodePayload('PERSONAL', { patient_id: `${'x'.repeat(19)}é` }),
  ) as Payload;
  t.is(values.patient_id, 'x'.repeat(19));
});

test('each fault of a payload has its reason', (t) => {
  const data = encodePayload('DATA', {});
  t.is(decodePayload(Buffer.alloc(5)), 'tooShort');
  t.is(decodePayload(Buffer.concat([Buffer.of(0xb5), data.subarray(1)])), 'version');
  t.is(decodePayload(data.subarray(0, 77)), 'wrongLength');
  data[5] = 14;
  t.is(decodePayload(data), 'unknownType');
});

test('a dump line is a payload, and another line is none', (t) => {
  const { wire, line } = hevVectors.dumpLine;
  t.is(formatDumpLine(Buffer.from(wire, 'hex')), `${line}\n`);
  t.deepEqual(parseDumpLine(line), Buffer.from(wire, 'hex'));
  for (const wrong of ['', "b''", "b'B6'", "b'b6", 'b6', "b'b67'"]) t.is(parseDumpLine(wrong), undefined);
});

import test from 'ava';
import { type DataField, type DataType, DataTypes, decodeValue } from '../../src/protocol/data-types.js';
import { Opcodes } from '../../src/protocol/opcodes.js';
import { encodeValue } from '../../src/simulator/encode-value.js';
import { readVocabulary } from '../../src/simulator/vocabulary.js';
import { MeshRecorder, tables } from './recorder.js';

function typeOf(type: DataField['type'], size: number, littleEndian: boolean, scale: number): DataType {
  const field = { name: 'x', type, littleEndian, size, offset: 0, scale };
  return { name: 'Some', id: 99, length: size, varying: false, fields: [field] };
}

for (const [hex, type, x] of [
  ['32ffff', typeOf('i24', 3, true, 0.001), -0.206],
  ['ffff32', typeOf('i24', 3, false, 0.001), -0.206],
  ['3039', typeOf('u16', 2, false, 1), 12345],
  ['3930', typeOf('u16', 2, true, 1), 12345],
  ['ffffffff', typeOf('u32', 4, true, 1), 4294967295],
  ['80', typeOf('i8', 1, true, 1), -128],
  ['0000c03f', typeOf('f32', 4, true, 1), 1.5],
  ['3ff8000000000000', typeOf('f64', 8, false, 1), 1.5],
] as const) {
  test(`${x} as ${type.fields[0]?.type} is ${hex}, and back`, (t) => {
    const value = encodeValue(type, { x });
    t.is(value?.bytes.toString('hex'), hex);
    t.is(decodeValue(type, Buffer.from(hex, 'hex')).x?.value, x);
  });
}

test('a reading that does not fit is clamped to the limit of its field', (t) => {
  t.is(encodeValue(typeOf('u8', 1, true, 1), { x: 300 })?.bytes.toString('hex'), 'ff');
  t.is(encodeValue(typeOf('u8', 1, true, 1), { x: -3 })?.bytes.toString('hex'), '00');
  t.is(encodeValue(typeOf('i16', 2, false, 1), { x: -1e6 })?.bytes.toString('hex'), '8000');
});

test('a type for which the device has no reading gives nothing', (t) => {
  t.is(encodeValue(undefined, { x: 1 }), undefined);
  t.is(encodeValue(typeOf('u8', 1, true, 1), { y: 1 }), undefined);
  t.is(encodeValue(typeOf('text', 4, true, 1), { x: 1 }), undefined);
  t.is(encodeValue(tables.dataTypes.findByName('Report'), { lat: 1 }), undefined);
});

test('values that a site does not define are omitted from what devices send', (t) => {
  const known = tables.dataTypes.all().filter(({ name }) => name !== 'GPS' && name !== 'Battery');
  const recorder = new MeshRecorder({
    nodes: 1,
    tables: { ...tables, dataTypes: new DataTypes(known) },
  });
  recorder.clock.advance(30_000);
  const sent = recorder.heard.flatMap((message) =>
    message.kind === 'values' ? message.values.map(({ type }) => type.name) : [],
  );
  t.deepEqual([...new Set(sent)].toSorted(), ['Position', 'Sequence', 'Temperature']);
});

test('an opcodes file without a message that the mesh needs is refused', (t) => {
  const messages = tables.opcodes.messages().filter(({ name }) => name !== 'Echo');
  const error = t.throws(() => readVocabulary(new Opcodes(messages, [])));
  t.regex(error?.message ?? '', /Echo/);
});

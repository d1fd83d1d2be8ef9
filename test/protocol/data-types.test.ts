import test, { type ExecutionContext } from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import { type DataType, decodeValue, deviceTimeOf } from '../../src/protocol/data-types.js';
import { loadDataTypes } from '../../src/protocol/data-types-file.js';
import { shortestF32 } from '../../src/protocol/f32-text.js';
import { bytesOf } from '../support/hex.js';
import { DATA_TYPES_FILE, readTable, shippedTables, temporaryFile } from '../support/tables.js';

const shipped = shippedTables.dataTypes;

/** A file with one type: these members override those of a valid one. */
function fileWith(members: object): object {
  return { types: [{ name: 'Wind', id: 40, length: 2, ...members }] };
}

const field = { name: 'speed', type: 'u16', endian: 'be' };
const good = { name: 'Wind', id: 40, length: 2 };

/** What is wrong; the file; the key; the reason. */
const WRONG_FILES: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['is no JSON', '{"types": [', '', /JSON/],
  ['is a list', [], '', /expected object/],
  ['has no types', {}, 'types', /expected array/],
  ['has an unknown member', { types: [], extra: 1 }, '', /"extra"/],
  ['has a type with an unknown member', fileWith({ size: 2 }), 'types.0', /"size"/],
  ['has a type without a name', fileWith({ name: undefined }), 'types.0.name', /expected string/],
  ['has a name of one character', fileWith({ name: 'W' }), 'types.0.name', /2 to 64 printable ASCII/],
  ['has a name with a space', fileWith({ name: 'W S' }), 'types.0.name', /2 to 64 printable ASCII/],
  ['has a type without an id', fileWith({ id: undefined }), 'types.0.id', /from 0 to 255/],
  ['has an id that is not a number', fileWith({ id: 'zz' }), 'types.0.id', /from 0 to 255/],
  ['has an id over a byte', fileWith({ id: '0x100' }), 'types.0.id', /from 0 to 255/],
  ['has an id with a fraction', fileWith({ id: 1.5 }), 'types.0.id', /from 0 to 255/],
  ['has a negative id', fileWith({ id: -1 }), 'types.0.id', /from 0 to 255/],
  ['gives an id twice', { types: [good, { ...good, name: 'Rain' }] }, 'types.1.id', /40 is already taken/],
  [
    'gives two names that differ in case',
    { types: [good, { ...good, id: 41, name: 'WIND' }] },
    'types.1.name',
    /WIND is already taken by Wind \(case is ignored\)/,
  ],
  [
    'has a name that reads as the id of another',
    { types: [good, { ...good, id: 41, name: '40' }] },
    'types.1.name',
    /40 looks like a number, but not its own/,
  ],
  ['gives a name twice', { types: [good, { ...good, id: 41 }] }, 'types.1.name', /Wind is already taken/],
  ['has neither length', fileWith({ length: undefined }), 'types.0', /either length or maxLength/],
  ['has both lengths', fileWith({ maxLength: 3 }), 'types.0', /either length or maxLength/],
  ['has a length of 0', fileWith({ length: 0 }), 'types.0.length', /1/],
  ['has a length over 255', fileWith({ length: 256 }), 'types.0.length', /255/],
  ['has an unknown encoding', fileWith({ encoding: 'xml' }), 'types.0.encoding', /"json"/],
  [
    'has fields that add up to less',
    fileWith({ length: 3, fields: [field] }),
    'types.0.fields',
    /2 bytes.*is 3/,
  ],
  [
    'has fields that add up to more',
    fileWith({ length: 1, fields: [field] }),
    'types.0.fields',
    /2 bytes.*is 1/,
  ],
  [
    'has a field of unknown type',
    fileWith({ fields: [{ ...field, type: 'u12' }] }),
    'types.0.fields.0.type',
    /"u16"/,
  ],
  ['has a field without type', fileWith({ fields: [{ name: 'speed' }] }), 'types.0.fields.0.type', /missing/],
  [
    'has a number without byte order',
    fileWith({ fields: [{ name: 'speed', type: 'u16' }] }),
    'types.0.fields.0.endian',
    /"le" or "be"/,
  ],
  [
    'has a number with a length',
    fileWith({ fields: [{ ...field, length: 2 }] }),
    'types.0.fields.0.length',
    /text and bytes/,
  ],
  [
    'has text without a length',
    fileWith({ fields: [{ name: 'speed', type: 'text' }] }),
    'types.0.fields.0.length',
    /text and bytes/,
  ],
  [
    'names two fields alike',
    fileWith({ length: 4, fields: [field, field] }),
    'types.0.fields.1.name',
    /speed is already taken/,
  ],
  [
    'has fields in a binary type of variable length',
    fileWith({ length: undefined, maxLength: 2, fields: [field] }),
    'types.0.fields',
    /variable length/,
  ],
  [
    'has a binary JSON field',
    fileWith({ encoding: 'json', fields: [field] }),
    'types.0.fields.0',
    /only name, scale, unit, names, deviceClass and stateClass/,
  ],
  [
    'has a field with an invalid device class',
    fileWith({ fields: [{ ...field, deviceClass: 'Wind Speed' }] }),
    'types.0.fields.0.deviceClass',
    /a Home Assistant device class/,
  ],
  [
    'has a field with an unknown state class',
    fileWith({ fields: [{ ...field, stateClass: 'sum' }] }),
    'types.0.fields.0.stateClass',
    /measurement, measurement_angle, total, total_increasing/,
  ],
  ['has a device time in a binary type', fileWith({ deviceTime: 'time' }), 'types.0.deviceTime', /"json"/],
];

for (const [what, content, key, reason] of WRONG_FILES) {
  test(`a data types file that ${what} is refused with file, key and reason`, (t) => {
    const file = temporaryFile(t, 'data-types.json', content);
    const error = t.throws(() => loadDataTypes(file), { instanceOf: MeshgateError });
    t.is(error?.code, 'BAD_TABLE');
    t.true(error?.message.startsWith(key === '' ? `${file}: ` : `${file}: ${key}: `), error?.message);
    t.regex(error?.message ?? '', reason);
  });
}

test('a file that does not exist is refused with its name', (t) => {
  t.throws(() => loadDataTypes('/nowhere/types.json'), {
    code: 'BAD_TABLE',
    message: /^\/nowhere\/types.json: ENOENT/,
  });
});

/** Field type; the members of its entry; bytes; value. */
const FIELDS: readonly (readonly [string, object, string, number | string])[] = [
  ['u8', {}, 'FE', 254],
  ['i8', {}, 'FE', -2],
  ['u16', { endian: 'le' }, '01 02', 0x0201],
  ['u16', { endian: 'be' }, '01 02', 0x0102],
  ['i16', { endian: 'le' }, 'FE FF', -2],
  ['i16', { endian: 'be' }, 'FF FE', -2],
  ['u24', { endian: 'le' }, '01 02 FF', 0xff0201],
  ['u24', { endian: 'be' }, 'FF 02 01', 0xff0201],
  ['i24', { endian: 'le' }, '00 00 80', -8_388_608],
  ['i24', { endian: 'be' }, '7F FF FF', 8_388_607],
  ['u32', { endian: 'le' }, 'FF FF FF FF', 4_294_967_295],
  ['u32', { endian: 'be' }, '00 00 00 01', 1],
  ['i32', { endian: 'le' }, 'FF FF FF FF', -1],
  ['i32', { endian: 'be' }, '80 00 00 00', -2_147_483_648],
  ['f32', { endian: 'le' }, '00 00 C0 3F', 1.5],
  ['f32', { endian: 'be' }, '3F C0 00 00', 1.5],
  ['f64', { endian: 'le' }, '00 00 00 00 00 00 F8 3F', 1.5],
  ['f64', { endian: 'be' }, '3F F8 00 00 00 00 00 00', 1.5],
  ['f32', { endian: 'le' }, 'CD CC CC 3D', 0.1],
  ['f32', { endian: 'be' }, '3D CC CC CD', 0.1],
  ['f32', { endian: 'be' }, '41 BC 00 00', 23.5],
  ['f32', { endian: 'be' }, '41 BB 33 33', 23.4],
  ['f32', { endian: 'be' }, 'C2 F6 E9 79', -123.456],
  ['f32', { endian: 'be' }, '4B 80 00 00', 16_777_216],
  ['f32', { endian: 'be' }, '3F 80 00 01', 1.0000001],
  ['f32', { endian: 'be' }, '7F 7F FF FF', 3.4028235e38],
  ['f32', { endian: 'be' }, '00 80 00 00', 1.1754944e-38],
  ['f32', { endian: 'be' }, '00 00 00 01', 1e-45],
  ['f32', { endian: 'be' }, '00 00 00 00', 0],
  ['f32', { endian: 'be', scale: 0.1 }, '3D CC CC CD', 0.01],
  ['f32', { endian: 'be' }, '7F 80 00 00', Number.POSITIVE_INFINITY],
  ['f32', { endian: 'be' }, '7F C0 00 00', Number.NaN],
  ['f64', { endian: 'be' }, '3F B9 99 99 99 99 99 9A', 0.1],
  ['f64', { endian: 'be' }, '3F B9 99 99 A0 00 00 00', 0.10000000149011612],
  ['text', { length: 3 }, '61 C3 A9', 'aé'],
  ['text', { length: 8 }, '70 75 6D 70 2D 33 00 00', 'pump-3'],
  ['text', { length: 5 }, '61 00 62 63 00', 'a'],
  ['text', { length: 3 }, '00 00 00', ''],
  ['text', { length: 4 }, '61 20 20 20', 'a   '],
  ['bytes', { length: 2 }, '0A FF', '0aff'],
];

for (const [type, members, bytes, value] of FIELDS) {
  test(`${bytes} is read as ${type} ${JSON.stringify(members)}: ${value}`, (t) => {
    const raw = bytesOf(bytes);
    const made = loadType(t, { length: raw.length, fields: [{ name: 'it', type, ...members }] });
    t.deepEqual(decodeValue(made, raw), { it: { value } });
  });
}

test('fields follow one another, each with its scale and unit', (t) => {
  const type = loadType(t, {
    length: 4,
    fields: [
      { name: 'speed', type: 'u16', endian: 'be', scale: 0.1, unit: 'm/s' },
      { name: 'from', type: 'u16', endian: 'be', scale: 0.01, unit: 'deg' },
    ],
  });
  t.deepEqual(decodeValue(type, bytesOf('00 7B 8C 9F')), {
    speed: { value: 12.3, unit: 'm/s' },
    from: { value: 359.99, unit: 'deg' },
  });
});

test('a type without fields is raw bytes', (t) => {
  t.deepEqual(decodeValue(loadType(t, {}), bytesOf('01 02')), {});
});

test('a JSON value’s members are its fields; those that are neither number nor text stay JSON', (t) => {
  const report = reportType();
  const text =
    '{"lat":601700000,"name":"a","ok":true,"none":null,"list":[1,2],"deep":{"toString":1,"valueOf":1}}';
  t.deepEqual(decodeValue(report, Buffer.from(text)), {
    lat: { value: 60.17, unit: 'deg' },
    name: { value: 'a' },
    ok: { value: 'true' },
    none: { value: 'null' },
    list: { value: '[1,2]' },
    deep: { value: '{"toString":1,"valueOf":1}' },
  });
});

test('a JSON member called __proto__ is treated like any other', (t) => {
  const decoded = decodeValue(reportType(), Buffer.from('{"__proto__":7,"a":1}'));
  t.deepEqual(Object.entries(decoded), [
    ['__proto__', { value: 7 }],
    ['a', { value: 1 }],
  ]);
});

/** A member's text in the JSON; the value that clients are given. */
const JSON_NUMBERS: readonly (readonly [string, number | string])[] = [
  ['9007199254740991', 9_007_199_254_740_991],
  ['-9007199254740991', -9_007_199_254_740_991],
  ['9007199254740992', '9007199254740992'],
  ['9007199254740993', '9007199254740993'],
  ['-12345678901234567890', '-12345678901234567890'],
  ['1152921504606846976', '1152921504606846976'],
  ['"9007199254740993"', '9007199254740993'],
  ['"a \\" 9007199254740993"', 'a " 9007199254740993'],
  ['[1,9007199254740993]', '[1,9007199254740993]'],
  [
    '{"a":{"b":-9007199254740993,"c":"9007199254740993"}}',
    '{"a":{"b":-9007199254740993,"c":"9007199254740993"}}',
  ],
  ['44.571361000000003', 44.571361],
  ['1e20', 1e20],
  ['0.1', 0.1],
];

for (const [written, value] of JSON_NUMBERS) {
  test(`a JSON member of ${written} is read as ${typeof value} ${value}`, (t) => {
    const decoded = decodeValue(reportType(), Buffer.from(`{"n":1,"it":${written}}`));
    t.deepEqual(decoded, { n: { value: 1 }, it: { value } });
  });
}

test('a large integer that is scaled is treated like any number', (t) => {
  const decoded = decodeValue(reportType(), Buffer.from('{"lat":98765432109876543210}'));
  t.deepEqual(decoded, { lat: { value: 9_876_543_210_990, unit: 'deg' } });
});

test('a 32-bit float has the fewest digits that give the same float', (t) => {
  for (let bits = 1; bits < 2 ** 32; bits += 4_000_037) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(bits);
    const sent = bytes.readFloatBE();
    if (!Number.isFinite(sent)) continue;
    const shown = shortestF32(sent);
    t.is(Math.fround(shown), sent);
    t.true(shown.toExponential().replace(/e.*|\D/g, '').length <= 9, String(shown));
  }
});

test('unreadable JSON gives no fields', (t) => {
  for (const text of ['', '{', '[1]', '"a"', 'null']) {
    t.deepEqual(decodeValue(reportType(), Buffer.from(text)), {});
  }
});

/** `gps_time` as written in the JSON; ms since the epoch. */
const DEVICE_TIMES: readonly (readonly [string, number | undefined])[] = [
  ['1767225600', Date.UTC(2026, 0, 1)],
  ['1767225600123', Date.UTC(2026, 0, 1, 0, 0, 0, 123)],
  ['"2026-01-01T00:00:00Z"', Date.UTC(2026, 0, 1)],
  ['"noon"', undefined],
  ['86399', undefined],
  ['-5', undefined],
  ['true', undefined],
  ['1e999', undefined],
  ['1e17', undefined],
];

for (const [written, expected] of DEVICE_TIMES) {
  test(`a device time of ${written} is ${expected === undefined ? 'none' : expected}`, (t) => {
    t.is(deviceTimeOf(reportType(), Buffer.from(`{"gps_time":${written}}`)), expected);
  });
}

test('a type is found by its id, and by its name when the key is longer than a byte', (t) => {
  t.is(shipped.findByKey(bytesOf('01'))?.name, 'GPS');
  t.is(shipped.findByKey(Buffer.from('GPS'))?.id, 1);
  t.is(shipped.findByKey(Buffer.from('gps')), undefined);
  t.is(shipped.findByKey(bytesOf('EE')), undefined);
  t.is(shipped.findByKey(Buffer.alloc(0)), undefined);
});

test('a key counts as the beginning of a name only while it matches that name', (t) => {
  t.true(shipped.isPrefixOfName(Buffer.from('GP')));
  t.false(shipped.isPrefixOfName(Buffer.from('GPS')));
  t.false(shipped.isPrefixOfName(Buffer.from('GPSx')));
});

test('the types used in the field are defined as in the field', (t) => {
  const known = ['Sequence', 'GPS', 'Position', 'Report'].map((name) => shipped.findByName(name));
  t.deepEqual(
    known.map((type) => [type?.id, type?.length, type?.varying]),
    [
      [0, 1, false],
      [1, 6, false],
      [5, 16, false],
      [123, 255, true],
    ],
  );
});

test('a site adds a data type by JSON alone', (t) => {
  const { types = [] } = readTable(DATA_TYPES_FILE);
  const file = temporaryFile(t, 'data-types.json', { types: [...types, { ...good, id: '0x28' }] });
  t.is(loadDataTypes(file).findById(40)?.name, 'Wind');
});

function loadType(t: ExecutionContext, members: object): DataType {
  const file = temporaryFile(t, 'data-types.json', fileWith(members));
  return loadDataTypes(file).findById(40) as DataType;
}

function reportType(): DataType {
  return shipped.findByName('Report') as DataType;
}

const GPS = { id: 1, length: 6 };
const WIND = { id: 40, length: 2 };

/** All equivalent: GPS, 6 bytes, and Wind, 2 bytes. */
const PREDECESSOR_FILES: readonly (readonly [string, unknown])[] = [
  [
    'a list',
    [
      { name: 'GPS', ...GPS },
      { name: 'Wind', ...WIND },
    ],
  ],
  ['an object by name', { GPS, Wind: WIND }],
  ['an object by id', { 1: { name: 'GPS', length: 6 }, '0x28': { name: 'Wind', length: 2 } }],
  [
    'a list in an object',
    {
      Data_Info: [
        { name: 'GPS', ...GPS },
        { name: 'Wind', ...WIND },
      ],
    },
  ],
  ['an object in an object', { data: { GPS, Wind: WIND } }],
  [
    'numbers in hex and as text, and more members',
    [
      { Name: 'GPS', ID: '0x01', Length: '6', comment: 'x' },
      { 'Data Type': 'Wind', 'Data ID': '40', Length: 2 },
    ],
  ],
];

for (const [what, content] of PREDECESSOR_FILES) {
  test(`a Data_Info.json of the predecessor is accepted: ${what}`, (t) => {
    const types = loadDataTypes(temporaryFile(t, 'Data_Info.json', content));
    t.deepEqual(
      types.all().map(({ name, id, length }) => [name, id, length]),
      [
        ['GPS', 1, 6],
        ['Wind', 40, 2],
        ['Position', 5, 16],
        ['Report', 123, 255],
      ],
    );
    t.deepEqual(types.findByName('GPS'), shipped.findByName('GPS'), 'its fields are known');
    t.regex(
      types.note ?? '',
      /Data_Info.json of the predecessor: read 2 data types; added .*: Position, Report;/,
    );
  });
}

test('the predecessor’s own ids override those of the package', (t) => {
  const types = loadDataTypes(
    temporaryFile(t, 'Data_Info.json', { Wind: { id: 5, length: 2 }, GPS: { id: 7, length: 4 } }),
  );
  t.deepEqual(
    types.all().map(({ name, id, fields }) => [name, id, fields.length]),
    [
      ['Wind', 5, 0],
      ['GPS', 7, 0],
      ['Report', 123, 0],
    ],
  );
});

test('a Data_Info.json is checked like data-types.json', (t) => {
  for (const [content, reason] of [
    [{ Wind: { id: 256, length: 2 } }, /types\.0\.id: .*0 to 255/],
    [{ Wind: WIND, Rain: WIND }, /types\.1\.id: 40 is already taken/],
    [{ W: WIND }, /types\.0\.name: /],
    [{ Wind: { id: 40, length: 'two' } }, /types\.0\.length: /],
    [{ Wind: WIND, more: 1 }, /types: /],
  ] as const) {
    t.throws(() => loadDataTypes(temporaryFile(t, 'Data_Info.json', content)), { message: reason });
  }
});

test('the package’s own file needs no note', (t) => {
  t.is(shipped.note, undefined);
});

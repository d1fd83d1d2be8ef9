import test from 'ava';
import { CsvWriter } from '../../src/cli/text/csv.js';
import type { ExportedValue } from '../../src/client/index.js';

const NOTE = { name: 'Note', fields: [{ name: 'text' }, { name: 'level' }] };
const GPS = { name: 'GPS', fields: [{ name: 'latitude' }] };

const value = (more: Partial<ExportedValue> = {}): ExportedValue => ({
  node: 5,
  name: 'pump',
  type: 'Note',
  id: 9,
  bytes: '0a0b',
  fields: { text: { value: 'x' }, level: { value: -0.5, unit: 'V' } },
  receivedAt: Date.UTC(2026, 4, 1, 14, 5, 9, 7),
  deviceTime: null,
  ...more,
});

test('every value has a row with the common columns, then one column for each field', (t) => {
  const csv = new CsvWriter([NOTE]);
  t.is(csv.header(), 'node,name,type,received_at,device_time,bytes,text,level\r\n');
  t.is(csv.row(value()), '5,pump,Note,2026-05-01T14:05:09.007Z,,0a0b,x,-0.5\r\n');
  t.is(
    csv.row(value({ deviceTime: 0.5, fields: {} })),
    '5,pump,Note,2026-05-01T14:05:09.007Z,1970-01-01T00:00:00.000Z,0a0b,,\r\n',
  );
});

test('with several types, a column is named by type and field; fields of other types are empty', (t) => {
  const csv = new CsvWriter([GPS, NOTE]);
  t.regex(csv.header(), /,bytes,GPS\.latitude,Note\.text,Note\.level\r\n$/);
  t.regex(csv.row(value()), /,0a0b,,x,-0\.5\r\n$/);
});

test('a field with names has a column of names after its own', (t) => {
  const names = { '0': 'IDLE', '1': 'MOVING' };
  const csv = new CsvWriter([{ name: 'Note', fields: [{ name: 'state', names }, { name: 'level' }] }]);
  t.regex(csv.header(), /,bytes,state,state_name,level\r\n$/);
  const moving = { state: { value: 1, name: 'MOVING' }, level: { value: 2 } };
  t.regex(csv.row(value({ fields: moving })), /,0a0b,1,MOVING,2\r\n$/);
  t.regex(csv.row(value({ fields: { state: { value: 7 } } })), /,0a0b,7,,\r\n$/);
});

test('a field named like a common column is prefixed with its type', (t) => {
  t.regex(new CsvWriter([{ name: 'X', fields: [{ name: 'node' }] }]).header(), /,bytes,X\.node\r\n$/);
});

/** What a device sends, and its cell. */
const CELLS: readonly (readonly [said: string, cell: string])[] = [
  ['plain', 'plain'],
  ['', ''],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\r\nlines', 'two lines'],
  ['\x1b[31mred\x1b[0m\x07', 'red'],
  ['=1+1', "'=1+1"],
  ['\t=1+1', "'=1+1"],
  ['\0=cmd|calc', "'=cmd|calc"],
  ['+CMD', "'+CMD"],
  ['-2+3', "'-2+3"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
  ['-12.5', '-12.5'],
  ['+1e-7', '+1e-7'],
  ['-.5', '-.5'],
  ['-Infinity', '-Infinity'],
  ['-', "'-"],
  ['44,57', '"44,57"'],
  ['größe', 'größe'],
];

for (const [said, cell] of CELLS) {
  test(`the text ${JSON.stringify(said)} is the cell ${cell}`, (t) => {
    const row = new CsvWriter([NOTE]).row(value({ fields: { text: { value: said } } }));
    t.is(row, `5,pump,Note,2026-05-01T14:05:09.007Z,,0a0b,${cell},\r\n`);
  });
}

test('names of nodes and of fields are escaped too', (t) => {
  const csv = new CsvWriter([{ name: 'X', fields: [{ name: '=1+1' }] }]);
  t.regex(csv.header(), /,bytes,'=1\+1\r\n$/);
  t.regex(csv.row(value({ name: '@a,\nb' })), /^5,"'@a, b",/);
});

test('a number is written in full, small and large', (t) => {
  const numbers = (level: number) =>
    new CsvWriter([NOTE])
      .row(value({ fields: { level: { value: level } } }))
      .trimEnd()
      .split(',')
      .at(-1);
  t.deepEqual([-1, 1e-7, 123456789.5, 0].map(numbers), ['-1', '1e-7', '123456789.5', '0']);
});

import test from 'ava';
import fc from 'fast-check';
import { type Column, formatTable } from '../../src/cli/text/table.js';
import { paint, terminalOf } from '../../src/cli/text/terminal.js';
import { pad, shorten, widthOf } from '../../src/cli/text/text-width.js';
import { wrap } from '../../src/cli/text/wrap.js';

const PIPE = { isTTY: false, columns: undefined, colour: false };

interface Row {
  readonly name: string;
  readonly count: number;
  readonly text: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'COUNT', text: ({ count }) => String(count), align: 'right', optional: 1 },
  { title: 'TEXT', text: ({ text }) => text, flexible: 20 },
];

test('colours are used only in terminals that have them and without NO_COLOR', (t) => {
  t.deepEqual(terminalOf({}, {}), PIPE);
  t.deepEqual(terminalOf({ isTTY: true, columns: 100 }, {}), { isTTY: true, columns: 100, colour: true });
  t.false(terminalOf({ isTTY: true }, { NO_COLOR: '1' }).colour);
  t.true(terminalOf({ isTTY: true }, { NO_COLOR: '' }).colour);
  t.false(terminalOf({ isTTY: true }, { TERM: 'dumb' }).colour);
  t.is(terminalOf({ isTTY: true, columns: 0 }, {}).columns, 80);
  t.is(paint('x', 'red', PIPE), 'x');
});

test('wide characters take two columns, combining ones none', (t) => {
  t.is(widthOf('abc'), 3);
  t.is(widthOf('温度'), 4);
  t.is(widthOf('e\u0301'), 1);
  t.is(widthOf('🤖'), 2);
  t.is(widthOf('°C · …'), 6);
  t.is(pad('温', 4), '温  ');
  t.is(pad('7', 3, 'right'), '  7');
});

test('a shortened text ends in an ellipsis and fits', (t) => {
  t.is(shorten('abcdef', 6), 'abcdef');
  t.is(shorten('abcdef', 5), 'abcd…');
  t.is(shorten('温度計', 4), '温…');
  t.is(shorten('abc', 1), '…');
  t.is(shorten('abc', 0), '');
});

test('text is wrapped between words', (t) => {
  t.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  t.deepEqual(wrap('incomprehensible', 5), ['incomprehensible']);
  t.deepEqual(wrap('one two', undefined), ['one two']);
});

test('with any rows, no line is wider than the terminal, and columns align', (t) => {
  const row = fc.record({
    name: fc.string({ maxLength: 20 }),
    count: fc.nat(),
    text: fc.string({ maxLength: 100 }),
  });
  const rows = fc.array(row, { maxLength: 5 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 20, max: 200 }), (given, columns) => {
      const terminal = { isTTY: true, columns, colour: false };
      const lines = formatTable(COLUMNS, given, terminal).split('\n');
      t.is(lines.length, given.length + 2);
      for (const line of lines) t.true(widthOf(line) <= columns, line);
    }),
    { numRuns: 200 },
  );
});

test('a pipe gets everything, and nothing that a terminal could interpret as a command', (t) => {
  const long = 'x'.repeat(500);
  const text = formatTable(COLUMNS, [{ name: '\x1b[2Ja\nb', count: 7, text: long }], PIPE);
  t.is(text, `NAME  COUNT  TEXT\na b       7  ${long}\n`);
});

import test from 'ava';
import fc from 'fast-check';
import { ConsoleLines, MAX_CONSOLE_LINE_LENGTH } from '../../src/uart/console-lines.js';
import { chunkSizes, inSizes, lineBytes } from '../support/line-record.js';

function linesOf(chunks: readonly Buffer[]): string[] {
  const lines: string[] = [];
  const console = new ConsoleLines((line) => lines.push(line));
  for (const chunk of chunks) console.push(chunk);
  console.flush();
  return lines;
}

const CASES: readonly (readonly [string, string, string[]])[] = [
  ['lines end with a line feed, with or without a carriage return', 'one\ntwo\r\n', ['one', 'two']],
  ['empty lines are omitted', '\n\r\n  \na\n', ['a']],
  ['escape sequences are removed', '\x1b[0;31mE (9) i2c: timeout\x1b[0m\n', ['E (9) i2c: timeout']],
  ['control characters become a space', 'a\x00\x07b\n', ['a b']],
  ['text beyond ASCII is UTF-8', '20 °C\n', ['20 °C']],
  ['an unfinished line is ended by a flush', 'half', ['half']],
];

for (const [name, text, expected] of CASES) {
  test(`${name}`, (t) => {
    t.deepEqual(linesOf([Buffer.from(text)]), expected);
    t.deepEqual(linesOf([...Buffer.from(text)].map((byte) => Buffer.of(byte))), expected, 'byte by byte');
  });
}

test('a line longer than the limit is split into pieces, so that memory is bounded', (t) => {
  const lines = linesOf([Buffer.alloc(2 * MAX_CONSOLE_LINE_LENGTH + 10, 'a')]);
  t.deepEqual(
    lines.map(({ length }) => length),
    [512, 512, 10],
  );
});

test('a line of exactly the limit is one line', (t) => {
  const lines = linesOf([Buffer.from(`${'a'.repeat(MAX_CONSOLE_LINE_LENGTH)}\nb\n`)]);
  t.deepEqual(lines, ['a'.repeat(MAX_CONSOLE_LINE_LENGTH), 'b']);
});

test('any split of any bytes gives the same lines', (t) => {
  fc.assert(
    fc.property(lineBytes, chunkSizes, (bytes, sizes) => {
      t.deepEqual(linesOf(inSizes(sizes)(bytes)), linesOf([bytes]));
    }),
  );
});

import test from 'ava';
import {
  type Argument,
  firstDrafts,
  formatArgument,
  hintOf,
  readArguments,
} from '../../src/dashboard/pages/device/argument-values.js';

const NUMBER: Argument = {
  name: 'x',
  type: 'number',
  summary: null,
  unit: 'mm',
  min: 0,
  max: 100,
  choices: null,
  default: null,
  required: true,
};
const INTEGER: Argument = { ...NUMBER, type: 'integer', unit: null, max: null };
const TEXT: Argument = { ...NUMBER, type: 'text', unit: null, min: null, max: 5 };
const CHOICE: Argument = { ...TEXT, type: 'choice', max: null, choices: ['fast', 'slow'] };
const BOOLEAN: Argument = { ...TEXT, type: 'boolean', max: null };

for (const [argument, text, expected] of [
  [NUMBER, '5', 5],
  [NUMBER, ' 1e1 ', 10],
  [NUMBER, '0', 0],
  [NUMBER, '', /^Enter a number from 0 to 100 mm\.$/],
  [NUMBER, '100.1', /from 0 to 100 mm/],
  [NUMBER, 'five', /Enter a number/],
  [NUMBER, 'Infinity', /Enter a number/],
  [{ ...NUMBER, max: null }, '-1', /^Enter a number of at least 0 mm\.$/],
  [{ ...NUMBER, required: false }, '', undefined],
  [{ ...NUMBER, required: false }, '500', /from 0 to 100/],
  [INTEGER, '7', 7],
  [INTEGER, '7.5', /^Enter a whole number of at least 0\.$/],
  [TEXT, 'hello', 'hello'],
  [TEXT, '', ''],
  [TEXT, 'too long', /^Enter a text of at most 5 characters\.$/],
  [{ ...TEXT, min: 1 }, '', /^Enter a text of 1 to 5 characters\.$/],
  [{ ...TEXT, required: false }, '', undefined],
  [CHOICE, 'fast', 'fast'],
  [CHOICE, '', /^Choose a value\.$/],
  [CHOICE, 'other', /^Choose a value\.$/],
  [BOOLEAN, 'true', true],
  [BOOLEAN, 'false', false],
  [BOOLEAN, '', /^Choose a value\.$/],
] as const) {
  const kind = `${argument.required ? '' : 'optional '}${argument.type}`;
  test(`argument of a command: ${kind} ${argument.min} to ${argument.max}, ${JSON.stringify(text)}`, (t) => {
    const { values, faults } = readArguments([argument], { x: { text } });
    if (expected instanceof RegExp) t.regex(faults.x ?? '', expected);
    else t.deepEqual([values, faults], [expected === undefined ? {} : { x: expected }, {}]);
  });
}

test('a number that the browser cannot read is a fault even where none is required', (t) => {
  const { faults } = readArguments([{ ...NUMBER, required: false }], { x: { text: '', isBad: true } });
  t.regex(faults.x ?? '', /Enter a number/);
});

test('defaults are filled in, and hints name limits and unit', (t) => {
  t.deepEqual(
    firstDrafts([
      { ...NUMBER, default: 5 },
      { ...BOOLEAN, name: 'y', default: false },
    ]),
    {
      x: { text: '5' },
      y: { text: 'false' },
    },
  );
  t.is(hintOf(NUMBER), '0 to 100 mm');
  t.is(hintOf({ ...NUMBER, min: null, max: null }), 'mm');
  t.is(hintOf(TEXT), 'at most 5 characters');
  t.is(hintOf(CHOICE), '');
  t.is(formatArgument(5, 'mm'), '5 mm');
  t.is(formatArgument(true, null), 'yes');
});

import test from 'ava';
import { alignNumber, decimalsOf, formatNumber } from '../../src/base/number-text.js';

/** Number; as shown to people; digits after its point. */
const NUMBERS: readonly (readonly [number, string, number])[] = [
  [0, '0', 0],
  [42, '42', 0],
  [0.1, '0.1', 1],
  [44.57483241887681, '44.574832', 6],
  [-123.5, '-123.5', 1],
  [0.00012, '0.00012', 5],
  [1.2345678e-7, '1.23457e-7', 0],
  [1e-45, '1e-45', 0],
  [1234567890123.25, '1234570000000', 0],
  [3.4028235e38, '3.4028235e+38', 0],
];

for (const [value, text, decimals] of NUMBERS) {
  test(`${value} is shown as ${text}`, (t) => {
    t.is(formatNumber(value), text);
    t.is(decimalsOf(value), decimals);
  });
}

test('numbers of a column are padded to the same digits; one with an exponent keeps it', (t) => {
  const column = [0.1, 12.34, -5, 1.2e-7];
  t.deepEqual(
    column.map((value) => alignNumber(value, 2)),
    ['0.10', '12.34', '-5.00', '1.2e-7'],
  );
});

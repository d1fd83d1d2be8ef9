import test from 'ava';
import { Numbering } from '../../soak/clients/numbering.js';

function numbering(...events: readonly number[]): Numbering {
  const fresh = new Numbering();
  for (const seq of events) fresh.onEvent(seq);
  return fresh;
}

test('consecutive numbers are fine', (t) => {
  const { faults, last } = numbering(7, 8, 9);
  t.is(faults, 0);
  t.is(last, 9);
});

test('a number that is skipped without a notice is a fault, and so is a repeated one', (t) => {
  t.is(numbering(7, 8, 11).faults, 2);
  t.is(numbering(7, 8, 8).faults, 1);
});

test('a notice explains its range, and values of that range may still follow it', (t) => {
  const numbers = numbering(7, 8);
  numbers.onGap(9, 20);
  for (const seq of [15, 19, 21, 22]) numbers.onEvent(seq);
  t.is(numbers.faults, 0);
  t.is(numbers.gaps, 1);
  t.is(numbers.gapNumbers, 12);
});

test('a notice that begins too late leaves the numbers before it unexplained', (t) => {
  const numbers = numbering(7, 8);
  numbers.onGap(10, 20);
  t.is(numbers.faults, 1);
});

test('when the numbering has restarted, any number may be the next', (t) => {
  const numbers = numbering(700);
  numbers.onGap(701, null);
  numbers.onEvent(5);
  numbers.onEvent(6);
  t.is(numbers.faults, 0);
  t.is(numbers.last, 6);
});

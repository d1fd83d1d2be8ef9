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
  const told = numbering(7, 8);
  told.onGap(9, 20);
  for (const seq of [15, 19, 21, 22]) told.onEvent(seq);
  t.is(told.faults, 0);
  t.is(told.gaps, 1);
  t.is(told.gapNumbers, 12);
});

test('a notice that begins too late leaves the numbers before it unexplained', (t) => {
  const told = numbering(7, 8);
  told.onGap(10, 20);
  t.is(told.faults, 1);
});

test('when the numbering has restarted, any number may be the next', (t) => {
  const told = numbering(700);
  told.onGap(701, null);
  told.onEvent(5);
  told.onEvent(6);
  t.is(told.faults, 0);
  t.is(told.last, 6);
});

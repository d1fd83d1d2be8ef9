import test from 'ava';
import fc from 'fast-check';
import { SendQueue } from '../../src/uart/send-queue.js';

function takeAll(queue: SendQueue<string>): string[] {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

test('one owner’s items leave in the order in which they were added', (t) => {
  const queue = new SendQueue<string>(8);
  for (const item of ['a1', 'a2', 'a3']) t.true(queue.push('a', item));
  t.deepEqual(takeAll(queue), ['a1', 'a2', 'a3']);
});

test('owners take turns: one with many items does not delay another’s single one', (t) => {
  const queue = new SendQueue<string>(20);
  for (const item of ['a1', 'a2', 'a3', 'a4']) queue.push('a', item);
  queue.push('b', 'b1');
  queue.push('c', 'c1');
  queue.push('c', 'c2');
  t.deepEqual(takeAll(queue), ['a1', 'b1', 'c1', 'a2', 'c2', 'a3', 'a4']);
});

test('a full queue accepts nothing more', (t) => {
  const queue = new SendQueue<string>(3);
  t.true(queue.push('a', 'a1'));
  t.true(queue.push('b', 'b1'));
  t.true(queue.push('c', 'c1'));
  t.false(queue.push('d', 'd1'));
  t.is(queue.size, 3);
});

test('one owner may fill half of the queue at most', (t) => {
  const queue = new SendQueue<string>(4);
  t.true(queue.push('a', 'a1'));
  t.true(queue.push('a', 'a2'));
  t.false(queue.push('a', 'a3'));
  t.true(queue.push('b', 'b1'));
});

test('clearing removes everything and leaves room', (t) => {
  const queue = new SendQueue<string>(2);
  queue.push('a', 'a1');
  queue.push('b', 'b1');
  t.deepEqual(queue.clear().sort(), ['a1', 'b1']);
  t.is(queue.size, 0);
  t.is(queue.shift(), undefined);
  t.true(queue.push('a', 'a2'));
});

test('nothing is lost, duplicated or overtaken by its owner’s own items', (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'take'), { maxLength: 60 }), (steps) => {
      const queue = new SendQueue<string>(10);
      const taken: string[] = [];
      const pushed: string[] = [];
      for (const [index, step] of steps.entries()) {
        if (step !== 'take') {
          if (queue.push(step, `${step}${index}`)) pushed.push(`${step}${index}`);
        } else taken.push(...[queue.shift()].filter((item) => item !== undefined));
        t.is(queue.size, pushed.length - taken.length);
        t.true(queue.size <= 10);
      }
      taken.push(...takeAll(queue));
      for (const owner of ['a', 'b', 'c']) t.deepEqual(ownedBy(owner, taken), ownedBy(owner, pushed));
    }),
  );
});

function ownedBy(owner: string, items: readonly string[]): string[] {
  return items.filter((item) => item.startsWith(owner));
}

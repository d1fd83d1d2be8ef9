import test from 'ava';
import { type ComparedEvent, compareEvents } from '../../src/replay/compare-events.js';

const FIRST = 1000;

function events(...lines: readonly string[]): ComparedEvent[] {
  return lines.map((line, index) => ({ seq: FIRST + index, kind: 'console', line }) as ComparedEvent);
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];

test('two equal lists do not differ', (t) => {
  t.deepEqual(compareEvents(events(...LETTERS), events(...LETTERS), 10), []);
  t.deepEqual(compareEvents([], [], 10), []);
});

test('a field that differs is named, with both values', (t) => {
  const expected = [
    { seq: 1, kind: 'value', value: { fields: { lat: { value: 1.5 }, list: [] }, gone: null } },
  ];
  const got = [{ seq: 1, kind: 'value', value: { fields: { lat: { value: 2 }, list: [] }, more: 'x' } }];
  t.deepEqual(compareEvents(expected, got, 10), [
    {
      kind: 'changed',
      at: 0,
      expected: expected[0] as ComparedEvent,
      fields: [
        { field: 'value.fields.lat.value', expected: '1.5', got: '2' },
        { field: 'value.gone', expected: 'null', got: undefined },
        { field: 'value.more', expected: undefined, got: '"x"' },
      ],
    },
  ]);
});

test('missing events are reported once, and those after them do not differ by their numbers', (t) => {
  const without = LETTERS.filter((letter) => !'deZ'.includes(letter));
  const differences = compareEvents(events(...LETTERS), events(...without), 10);
  t.is(differences.length, 1);
  t.like(differences[0], { kind: 'missing', at: 3, events: { length: 2 } });
});

test('extra events are reported once, at the position where they came', (t) => {
  const more = ['new', ...LETTERS.slice(0, 5), 'x1', 'x2', ...LETTERS.slice(5), 'end'];
  const differences = compareEvents(events(...LETTERS), events(...more), 10);
  t.deepEqual(
    differences.map((difference) => [difference.kind, difference.at]),
    [
      ['extra', 0],
      ['extra', 5],
      ['extra', 26],
    ],
  );
});

test('one list that continues after the end of the other', (t) => {
  const [differs] = compareEvents(events('a', 'b', 'c'), events('a'), 10);
  t.like(differs, { kind: 'missing', at: 1, events: { length: 2 } });
  t.like(compareEvents([], events('a'), 10)[0], { kind: 'extra', at: 0 });
});

test('a different number is a difference', (t) => {
  const [first, second] = events('a', 'b') as [ComparedEvent, ComparedEvent];
  const differences = compareEvents([first, second], [first, { ...second, seq: 7 }], 10);
  t.like(differences, [{ kind: 'changed', at: 1, fields: [{ field: 'seq', expected: '1001', got: '7' }] }]);
});

test('no more differences are returned than requested, and lists with nothing in common end too', (t) => {
  const numbers = Array.from({ length: 1000 }, (_, index) => String(index));
  t.is(compareEvents(events(...numbers), events(...numbers.map((each) => `other ${each}`)), 10).length, 10);
});

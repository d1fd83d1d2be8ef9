import test from 'ava';
import type { EventCriteria } from '../../src/api/event-filter.js';
import type { MeshEvent } from '../../src/client/index.js';
import { EventGate, type GapNotice } from '../../src/fleet/event-gate.js';
import { ManualClock } from '../support/manual-clock.js';

const at = 0;
const line = (seq: number): MeshEvent => ({ seq, at, kind: 'console', line: `line ${seq}` });
const nodeEvent = (seq: number, node: number): MeshEvent => ({
  seq,
  at,
  kind: 'node',
  node,
  change: 'added',
  status: null,
});
const valueEvent = (seq: number, node: number): MeshEvent => ({
  seq,
  at,
  kind: 'value',
  value: { node, type: 'Sequence', id: 1, receivedAt: 0, deviceTime: null, fields: {}, bytes: '0007' },
});
const gap = (from: number | null, to: number | null): GapNotice => ({ kind: 'gap', from, to });

/** What a gate emits: numbers of events, and ranges of gaps. */
function record(filter: Partial<EventCriteria> = {}) {
  const clock = new ManualClock();
  const given: (number | string)[] = [];
  const gate = new EventGate(
    { minIntervalMs: 0, ...filter },
    {
      onEvent: ({ seq }) => given.push(seq),
      onGap: (from, to) => given.push(`${from}-${to}`),
      onLostCount: () => given.push('lost count'),
    },
    clock,
  );
  return { gate, given, clock };
}

test('events that arrive before the gate is opened follow the opening ones, none twice', (t) => {
  const { gate, given } = record();
  for (const seq of [11, 12, 13, 14]) gate.take(line(seq));
  t.deepEqual(given, []);
  gate.open(10, [line(11), line(12)]);
  gate.take(line(14));
  gate.take(line(15));
  t.deepEqual(given, [11, 12, 13, 14, 15]);
});

test('a range that the broker dropped is reported, and a gap that the gateway reports too only once', (t) => {
  const { gate, given } = record();
  gate.open(10, []);
  gate.take(line(13));
  gate.take(gap(11, 16));
  gate.take(gap(null, 9));
  gate.take(line(17));
  t.deepEqual(given, ['11-12', 13, '14-16', 17]);
});

test('when the numbering has restarted, only a new subscription helps', (t) => {
  const { gate, given } = record();
  gate.open(10, []);
  gate.take(gap(11, null));
  t.deepEqual(given, ['lost count']);
});

test('filtered events leave no gap; events about no node pass a node filter', (t) => {
  const kinds = record({ kinds: new Set(['node']) });
  const nodes = record({ nodes: new Set([5]) });
  for (const { gate } of [kinds, nodes]) {
    gate.open(10, []);
    for (const event of [line(11), nodeEvent(12, 5), nodeEvent(13, 6)]) gate.take(event);
  }
  t.deepEqual(kinds.given, [12, 13]);
  t.deepEqual(nodes.given, [11, 12]);
});

test('values of one node and type keep their minimum interval: the first at once, then the latest', (t) => {
  const { gate, given, clock } = record({ minIntervalMs: 1000 });
  gate.open(10, []);
  for (const seq of [11, 12, 13]) gate.take(valueEvent(seq, 5));
  gate.take(valueEvent(14, 6));
  t.deepEqual(given, [11, 14]);
  clock.advance(1000);
  t.deepEqual(given, [11, 14, 13]);
  gate.take(valueEvent(15, 6));
  gate.take(valueEvent(16, 6));
  gate.close();
  clock.advance(1000);
  t.deepEqual(given, [11, 14, 13, 15]);
});

import test from 'ava';
import { VirtualMesh } from '../../src/simulator/virtual-mesh.js';
import { ManualClock } from '../support/manual-clock.js';
import { LateClock, MeshRecorder, tables } from './recorder.js';

const SETTINGS = { nodes: 12, loss: 0.1, churn: 0.3 };
const TEN_MINUTES = 600_000;

function trafficOf(seed: number, advance: (clock: ManualClock) => void): string[] {
  const recorder = new MeshRecorder({ ...SETTINGS, seed });
  advance(recorder.clock);
  return recorder.traffic;
}

test('the same seed gives the same bytes at the same times', (t) => {
  const first = trafficOf(1, (clock) => clock.advance(TEN_MINUTES));
  const second = trafficOf(1, (clock) => clock.advance(TEN_MINUTES));
  t.true(first.length > 3000);
  t.deepEqual(first, second);
});

test('the size of the time steps changes nothing', (t) => {
  const first = trafficOf(1, (clock) => clock.advance(TEN_MINUTES));
  const second = trafficOf(1, (clock) => {
    for (let passed = 0, step = 1; passed < TEN_MINUTES; passed += step, step = (step * 7) % 997) {
      clock.advance(Math.min(step, TEN_MINUTES - passed));
    }
  });
  t.deepEqual(first, second);
});

test('timers that fire late, and a clock with another start, change nothing', (t) => {
  const first = trafficOf(1, (clock) => clock.advance(TEN_MINUTES));
  const clock = new ManualClock(Date.UTC(1999, 5, 5));
  clock.advance(1234.5);
  const mesh = new VirtualMesh({ ...SETTINGS, seed: 1, tables, clock: new LateClock(clock) });
  const late: string[] = [];
  mesh.connect((chunk, atMs) => late.push(`${atMs} ${chunk.toString('hex')}`));
  mesh.start();
  clock.advance(TEN_MINUTES + 1000);
  t.deepEqual(late.slice(0, first.length), first);
});

test('another seed gives other bytes', (t) => {
  const first = trafficOf(1, (clock) => clock.advance(60_000));
  t.notDeepEqual(
    trafficOf(2, (clock) => clock.advance(60_000)),
    first,
  );
});

test('queries and other devices do not change the behaviour of a device', (t) => {
  const reports = (recorder: MeshRecorder) => recorder.from(5).filter(({ kind }) => kind === 'values');
  const quiet = new MeshRecorder({ nodes: 2, radioRangeM: 9_000 });
  const busy = new MeshRecorder({ nodes: 4, radioRangeM: 9_000 });
  for (const recorder of [quiet, busy]) recorder.clock.advance(10_000);
  busy.tell({ kind: 'send', to: 5, message: Buffer.from('E1234'), tracked: true });
  quiet.clock.advance(31_000);
  busy.clock.advance(30_000);
  const bodiesOf = (recorder: MeshRecorder) => reports(recorder).map(({ body }) => body.toString('hex'));
  t.deepEqual(bodiesOf(busy), bodiesOf(quiet));
});

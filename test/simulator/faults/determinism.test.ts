import test from 'ava';
import type { GivenFaults } from '../../../src/simulator/faults/fault-plan.js';
import { readFaults } from '../../../src/simulator/faults/fault-plan.js';
import { FaultyMesh } from '../../../src/simulator/faults/faulty-mesh.js';
import { PRESETS, type Preset } from '../../../src/simulator/faults/presets.js';
import { ManualClock } from '../../support/manual-clock.js';
import { LateClock, MeshRecorder, tables } from '../recorder.js';
import { FaultyRecorder } from './faulty-recorder.js';

const FIVE_MINUTES = 300_000;
const SETTINGS = { nodes: 6, loss: 0.05 };

function run(faults: GivenFaults, seed: number, advance: (clock: ManualClock) => void) {
  const recorder = new FaultyRecorder(faults, { ...SETTINGS, seed });
  advance(recorder.clock);
  const { traffic, reported, mesh } = recorder;
  return { traffic, reported, counters: mesh.faultCounters() };
}

const atOnce = (clock: ManualClock) => clock.advance(FIVE_MINUTES);

for (const [name, { faults }] of Object.entries<Preset>(PRESETS)) {
  test(`${name}: the same seed gives the same bytes and the same faults, in any time steps`, (t) => {
    const first = run(faults, 1, atOnce);
    const second = run(faults, 1, (clock) => {
      for (let passed = 0, step = 1; passed < FIVE_MINUTES; passed += step, step = (step * 7) % 997) {
        clock.advance(Math.min(step, FIVE_MINUTES - passed));
      }
    });
    t.true(first.traffic.length > 500);
    t.deepEqual(first, second);
  });

  test(`${name}: another seed gives other bytes and other faults`, (t) => {
    const first = run(faults, 1, atOnce);
    const second = run(faults, 2, atOnce);
    t.notDeepEqual(second.traffic, first.traffic);
    if (first.reported.length > 0) t.notDeepEqual(second.reported, first.reported);
    else t.notDeepEqual(second.counters, first.counters);
  });

  test(`${name}: timers that fire late change nothing`, (t) => {
    const inTime = new FaultyRecorder(faults, { ...SETTINGS, seed: 1, reconnects: false });
    inTime.advance(FIVE_MINUTES);
    const first = inTime.traffic;
    const clock = new ManualClock();
    const late = new LateClock(clock);
    const plan = readFaults(faults, name);
    const mesh = new FaultyMesh({ ...SETTINGS, churn: 0, seed: 1, tables, clock: late, faults: plan });
    const traffic: string[] = [];
    mesh.connect((chunk, atMs) => traffic.push(`${atMs} ${chunk.toString('hex')}`));
    mesh.start();
    clock.advance(FIVE_MINUTES + 1_000);
    t.deepEqual(traffic.slice(0, first.length), first);
  });
}

test('faults on the line do not change the mesh itself', (t) => {
  const alone = new MeshRecorder(SETTINGS);
  alone.clock.advance(FIVE_MINUTES);
  const faulty = new FaultyRecorder(
    { ...PRESETS['noisy-cable'].faults, log_text: { chance: 0.1 } },
    SETTINGS,
  );
  faulty.advance(FIVE_MINUTES);
  t.deepEqual(
    faulty.ledger.entries().map(({ atMs, body }) => `${atMs} ${body.toString('hex')}`),
    alone.heard.map(({ atMs, body }) => `${atMs} ${body.toString('hex')}`),
  );
});

test('queries to the root do not shift the faults in the nodes’ messages', (t) => {
  const faults = { bytes: { flip: 0.002, lose: 0.002 } };
  const quiet = new FaultyRecorder(faults, SETTINGS);
  const asked = new FaultyRecorder(faults, SETTINGS);
  for (let round = 0; round < 30; round++) {
    quiet.advance(2_000);
    asked.tell({ kind: 'listNodes' });
    asked.advance(1_000);
  }
  const ofNodes = (recorder: FaultyRecorder) =>
    recorder.ledger
      .entries()
      .filter(({ body }) => body.toString('hex', 0, 2) !== '0000')
      .map(({ atMs, body, fate }) => `${atMs} ${body.toString('hex')} ${fate}`);
  t.true(ofNodes(quiet).some((line) => line.endsWith('damaged')));
  t.deepEqual(ofNodes(asked), ofNodes(quiet));
});

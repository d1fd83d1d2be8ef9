import test from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import { countHops } from '../../src/simulator/topology.js';
import { MeshRecorder } from './recorder.js';

const at = (address: number, east: number) => ({ address, position: { east, north: 0 } });

test('hops are counted over stations in range', (t) => {
  const hops = countHops([at(5, 900), at(6, 1_800), at(7, 2_700), at(8, -100)], 1_000);
  t.deepEqual([...hops].toSorted(), [
    [5, 1],
    [6, 2],
    [7, 3],
    [8, 1],
  ]);
});

test('an isolated station is attached to the nearest one, with one hop per range', (t) => {
  const hops = countHops([at(5, 900), at(6, 3_300)], 1_000);
  t.is(hops.get(5), 1);
  t.is(hops.get(6), 4);
});

test('a mesh that loses everything delivers nothing from any node', (t) => {
  const recorder = new MeshRecorder({ nodes: 12, loss: 1 });
  recorder.clock.advance(120_000);
  t.deepEqual([...new Set(recorder.heard.map(({ from }) => from))], [0]);
  t.deepEqual(recorder.tell({ kind: 'listNodes' }), []);
});

test('a mesh that loses nothing delivers every update', (t) => {
  const recorder = new MeshRecorder({ nodes: 12 });
  recorder.clock.advance(125_000);
  const last = recorder.heard.filter(
    ({ body, atMs }) => body[4] === 0x00 && body[2] === 0x44 && atMs > 5_000,
  );
  for (let address = 5; address < 17; address++) {
    const sequences = last.filter(({ from }) => from === address).map(({ body }) => body[5] ?? 0);
    t.true(sequences.every((sequence, index) => sequence === ((sequences[0] ?? 0) + index) % 256));
    t.true(sequences.length >= 119);
  }
});

test('loss applies per hop', (t) => {
  const recorder = new MeshRecorder({ nodes: 20, loss: 0.25, radioRangeM: 9_000 });
  recorder.clock.advance(30_000);
  const from = recorder.heard.length;
  recorder.clock.advance(100_000);
  const updates = recorder.heard
    .slice(from)
    .filter(({ body }) => body[2] === 0x44 && body[4] === 0x00).length;
  t.true(updates > 1_400 && updates < 1_600);
});

test('a tracked message gets through where a plain one is often lost', (t) => {
  const answersTo = (tracked: boolean) => {
    const recorder = new MeshRecorder({ nodes: 1, loss: 0.4, rateHz: 0, radioRangeM: 9_000 });
    recorder.clock.advance(30_000);
    for (let message = 0; message < 100; message++) {
      recorder.tell({ kind: 'send', to: 5, message: Buffer.from('E'), tracked });
    }
    recorder.clock.advance(5_000);
    return recorder.heard.filter(({ body }) => body[2] === 0x41).length;
  };
  const plain = answersTo(false);
  const tracked = answersTo(true);
  t.true(plain > 20 && plain < 52);
  t.true(tracked > plain + 5);
});

test('a message too long for the mesh does not arrive', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, rateHz: 0, radioRangeM: 9_000 });
  recorder.clock.advance(5_000);
  const answersTo = (length: number) => {
    const message = Buffer.alloc(length, 0x45);
    const heard = recorder.tell({ kind: 'send', to: 5, message, tracked: false });
    recorder.clock.advance(500);
    return [...heard, ...recorder.heard.slice(-1)].some(({ body }) => body.length === length + 2);
  };
  t.true(answersTo(256));
  t.false(answersTo(257));
});

test('about one of twelve nodes is away at a time, for one to five minutes', (t) => {
  const recorder = new MeshRecorder({ nodes: 12, rateHz: 0, churn: 1 / 12 });
  const away: number[] = [];
  const awayMs = new Map<number, number>();
  const stays: number[] = [];
  for (let second = 0; second < 8 * 3600; second++) {
    recorder.clock.advance(1_000);
    const gone = recorder.mesh.devices().filter(({ powered }) => !powered);
    away.push(gone.length);
    for (const { address, powered } of recorder.mesh.devices()) {
      const ms = awayMs.get(address) ?? 0;
      if (powered && ms > 0) stays.push(ms);
      awayMs.set(address, powered ? 0 : ms + 1_000);
    }
  }
  const mean = away.reduce((sum, count) => sum + count, 0) / away.length;
  t.true(mean > 0.6 && mean < 1.5, `mean ${mean}`);
  t.true(stays.length > 50);
  t.true(stays.every((ms) => ms >= 59_000 && ms <= 301_000));
});

test('without churn no node leaves', (t) => {
  const recorder = new MeshRecorder({ nodes: 12, rateHz: 0, churn: 0 });
  recorder.clock.advance(4 * 3_600_000);
  t.true(recorder.mesh.devices().every(({ joined }) => joined));
});

test('a node that leaves is silent and still listed; when it comes back it identifies itself', (t) => {
  const recorder = new MeshRecorder({ nodes: 2, radioRangeM: 9_000 });
  recorder.clock.advance(5_000);
  const device = recorder.mesh.findDevice(6);
  if (!device) return t.fail();
  recorder.mesh.switchOff(device);
  recorder.clock.advance(500);
  const from = recorder.heard.length;
  recorder.clock.advance(20_000);
  t.true(recorder.heard.slice(from).every((message) => message.from !== 6));
  t.is(recorder.mesh.root.network.size, 2);
  recorder.mesh.switchOn(device);
  recorder.clock.advance(5_000);
  const after = recorder.heard.slice(from).filter((message) => message.from === 6);
  t.is(after[0]?.kind, 'nodeInfo');
  t.true(after.some(({ kind }) => kind === 'values'));
});

test('a node that is away when the network is cleaned is provisioned when it comes back', (t) => {
  const recorder = new MeshRecorder({ nodes: 2, radioRangeM: 9_000 });
  recorder.clock.advance(5_000);
  const device = recorder.mesh.findDevice(5);
  if (!device) return t.fail();
  recorder.mesh.switchOff(device);
  recorder.tell({ kind: 'clean' });
  recorder.clock.advance(10_000);
  t.deepEqual([...recorder.mesh.root.network.keys()], [6]);
  recorder.mesh.switchOn(device);
  recorder.clock.advance(3_000);
  t.deepEqual([...recorder.mesh.root.network.keys()], [6, 5]);
  t.true(device.joined);
});

test('a thousand nodes run for a minute', (t) => {
  const recorder = new MeshRecorder({ nodes: 1_000, churn: 1 / 12 });
  recorder.clock.advance(60_000);
  t.is(recorder.mesh.root.network.size > 950, true);
  t.true(recorder.traffic.length > 40_000);
});

for (const options of [
  { nodes: -1 },
  { nodes: 1.5 },
  { nodes: 40_000 },
  { loss: 1.1 },
  { loss: Number.NaN },
  { churn: 1 },
  { rateHz: -1 },
  { radioRangeM: 0 },
]) {
  test(`a mesh refuses ${JSON.stringify(options)}`, (t) => {
    const error = t.throws(() => new MeshRecorder(options), { instanceOf: MeshgateError });
    t.is(error?.code, 'BAD_USAGE');
  });
}

import test from 'ava';
import { decodeValue } from '../../src/protocol/data-types.js';
import { type Heard, MeshRecorder } from './recorder.js';

const say = (recorder: MeshRecorder, to: number, hex: string) =>
  recorder.tell({ kind: 'send', to, message: Buffer.from(hex, 'hex'), tracked: false });

const SOON = { radioRangeM: 9_000 };

/** The values of one type that a node has sent, decoded. */
function valuesOf(heard: readonly Heard[], typeName: string) {
  return heard.flatMap((message) =>
    message.kind === 'values'
      ? message.values
          .filter(({ type }) => type.name === typeName)
          .map(({ type, bytes }) => decodeValue(type, bytes))
      : [],
  );
}

const numberOf = (value: ReturnType<typeof decodeValue>, field: string) => Number(value[field]?.value);

test('a device joins with config_complete, then Node Info with its uuid, then reports', (t) => {
  const recorder = new MeshRecorder({ nodes: 1 });
  recorder.clock.advance(5_000);
  const [first, second, third] = recorder.from(5);
  t.is(first?.kind === 'text' && first.text, 'config_complete\n');
  t.is(second?.kind, 'nodeInfo');
  t.is(third?.kind, 'values');
  if (second?.kind !== 'nodeInfo') return;
  t.is(second.node.address, 5);
  t.is(second.node.uuid.toString('hex', 0, 2), '3210');
  t.is(second.node.uuid.length, 16);
});

test('data updates are byte for byte D 02, 00 sequence, 01 GPS, and the sequence wraps at 256', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, rateHz: 10 });
  recorder.clock.advance(60_000);
  const updates = recorder
    .from(5)
    .filter(({ body }) => body[2] === 0x44 && body[4] === 0x00)
    .map(({ body }) => body);
  t.true(updates.length > 500);
  updates.forEach((body, index) => {
    t.is(body.length, 13);
    t.is(body.toString('hex', 0, 4), '00054402');
    t.is(body[5], index % 256);
    t.is(body[6], 0x01);
  });
});

test('GPS and Position agree, are in the field, and change as the robot drives', (t) => {
  const recorder = new MeshRecorder({ nodes: 1 });
  recorder.clock.advance(1_800_000);
  const gps = valuesOf(recorder.from(5), 'GPS');
  const positions = valuesOf(recorder.from(5), 'Position');
  for (const value of [...gps, ...positions]) {
    t.true(Math.abs(numberOf(value, 'latitude') - 44.568) < 0.015);
    t.true(Math.abs(numberOf(value, 'longitude') + 123.278) < 0.027);
  }
  t.true(new Set(gps.map((value) => JSON.stringify(value))).size > 10);
  t.true(positions.length >= 178 && positions.length <= 181);
  const last = { gps: gps.at(-1), position: positions.at(-1) };
  if (!last.gps || !last.position) return t.fail();
  t.true(Math.abs(numberOf(last.gps, 'latitude') - numberOf(last.position, 'latitude')) < 0.002);
  t.is(new Set(positions.map((value) => numberOf(value, 'latitude'))).size > 100, true);
});

test('the battery drains slowly and the temperature follows the time of day, every ten seconds', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, rateHz: 0 });
  recorder.clock.advance(3_600_000);
  const volts = valuesOf(recorder.from(5), 'Battery').map((value) => numberOf(value, 'voltage'));
  const degrees = valuesOf(recorder.from(5), 'Temperature').map((value) => numberOf(value, 'temperature'));
  t.true(volts.length >= 358 && volts.length <= 360);
  t.is(degrees.length, volts.length);
  t.true(volts.every((volt) => volt > 10.7 && volt < 12.7));
  t.true((volts.at(-1) ?? 0) < (volts[0] ?? 0) - 0.1);
  t.true(degrees.every((degree) => degree > 0 && degree < 35));
  const [slow] = recorder.from(5).filter(({ body }) => body[2] === 0x44 && body[4] === 0x10);
  t.is(slow?.body.toString('hex', 0, 5), '0005440210');
  t.is(slow?.body[7], 0x11);
  t.is(slow?.body.length, 10);
});

test('an echo is answered by an Ack with the same payload', (t) => {
  const recorder = new MeshRecorder({ nodes: 2, rateHz: 0, ...SOON });
  recorder.clock.advance(5_000);
  say(recorder, 6, '45ff00fafe');
  recorder.clock.advance(500);
  const answers = recorder.from(6).filter(({ body }) => body[2] === 0x41);
  t.deepEqual(
    answers.map(({ body }) => body.toString('hex')),
    ['000641ff00fafe'],
  );
});

test('the root answers an echo itself, from its mesh address', (t) => {
  const recorder = new MeshRecorder({ nodes: 0 });
  recorder.clock.advance(1_000);
  const heard = say(recorder, 0, '456869');
  t.deepEqual(
    heard.map(({ body }) => body.toString('hex')),
    ['0001416869'],
  );
});

test('a broadcast reaches every device', (t) => {
  const recorder = new MeshRecorder({ nodes: 5, rateHz: 0, ...SOON });
  recorder.clock.advance(5_000);
  recorder.tell({ kind: 'broadcast', message: Buffer.from('Ehey') });
  recorder.clock.advance(500);
  const answered = recorder.heard.filter(({ body }) => body[2] === 0x41).map(({ from }) => from);
  t.deepEqual(answered.toSorted(), [5, 6, 7, 8, 9]);
});

test('test D is acknowledged, changes the rate when it starts, and restores it when it ends', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...SOON });
  const updatesIn = (ms: number) => {
    const from = recorder.heard.length;
    recorder.clock.advance(ms);
    return valuesOf(recorder.heard.slice(from), 'Sequence').length;
  };
  recorder.clock.advance(5_000);
  say(recorder, 5, '5449440a');
  recorder.clock.advance(500);
  t.true(recorder.from(5).some(({ body }) => body.toString('hex') === '000541'));
  t.is(updatesIn(10_000), 10);
  say(recorder, 5, '5453');
  recorder.clock.advance(500);
  t.true(Math.abs(updatesIn(10_000) - 100) <= 2);
  say(recorder, 5, '5446');
  recorder.clock.advance(1_500);
  t.is(updatesIn(10_000), 10);
});

test('a test that was not prepared does not start', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...SOON });
  recorder.clock.advance(5_000);
  say(recorder, 5, '5453');
  recorder.clock.advance(500);
  const from = recorder.heard.length;
  recorder.clock.advance(10_000);
  t.is(valuesOf(recorder.heard.slice(from), 'Sequence').length, 10);
});

test('S makes a device reset and rejoin: silence, Node Info, the sequence from 0', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, rateHz: 10, ...SOON });
  recorder.clock.advance(5_000);
  say(recorder, 5, '53');
  const from = recorder.heard.length;
  recorder.clock.advance(5_000);
  const after = recorder.heard.slice(from).filter((message) => message.from === 5);
  const joins = after.findIndex(({ kind }) => kind === 'nodeInfo');
  t.not(joins, -1);
  const [sequence] = valuesOf(after.slice(joins), 'Sequence');
  t.is(sequence && numberOf(sequence, 'sequence'), 0);
  const quietMs = (after[joins]?.atMs ?? 0) - (recorder.heard[from - 1]?.atMs ?? 0);
  t.true(quietMs > 500);
});

test('some node requests a robot every minute or two', (t) => {
  const recorder = new MeshRecorder({ nodes: 12, rateHz: 0 });
  recorder.clock.advance(1_800_000);
  const requests = recorder.heard.filter(({ body }) => body[2] === 0x52);
  t.true(requests.length >= 15 && requests.length <= 30);
  t.true(requests.every(({ body }) => body.toString('hex', 2) === '5200'));
});

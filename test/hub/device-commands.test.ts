import test from 'ava';
import { type CommandDefinition, checkArguments } from '../../src/hub/command-definition.js';
import type { Delivery } from '../../src/hub/deliveries.js';
import { DataTypes } from '../../src/protocol/data-types.js';
import { CommandedBench, FIRST_STAGE, MOVE } from '../support/commanded-bench.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { shippedTables } from '../support/tables.js';

function openBench() {
  const dataTypes = new DataTypes(shippedTables.dataTypes.all());
  const mesh = new NetworkFixture({}, { ...shippedTables, dataTypes });
  const bench = new CommandedBench(mesh.hub, () => mesh.clock.now());
  bench.link('up');
  return { mesh, hub: mesh.hub, clock: mesh.clock, bench };
}

function move(hub: NetworkFixture['hub'], owner = 'tester', definition = MOVE): Delivery {
  const values = { position: 5, mode: 'slow' };
  return hub.commands.command({ address: FIRST_STAGE, definition, arguments: values, by: { owner } });
}

function stagesOf(mesh: NetworkFixture): string[] {
  return mesh.events.flatMap((event) => (event.kind === 'delivery' ? [event.delivery.stage] : []));
}

test('a command goes through its stages, each an event', (t) => {
  const { mesh, hub, bench } = openBench();
  const { id } = move(hub);
  const run = bench.lastRun;
  t.like(run, { device: 'stage', name: 'move', arguments: { position: 5, mode: 'slow' } });
  run.accept();
  run.progress({ fraction: 0.5, text: 'half way' });
  run.complete({ position: 5.01 });
  t.deepEqual(stagesOf(mesh), ['queued', 'accepted', 'progress', 'completed']);
  t.like(hub.commands.findDelivery(id), {
    to: FIRST_STAGE,
    device: 'stage',
    stage: 'completed',
    progress: { fraction: 0.5 },
    result: { position: 5.01 },
  });
  run.fail('deviceFault');
  t.is(hub.commands.findDelivery(id)?.stage, 'completed', 'the end is final');
});

test('of a flood of progress the newest of each interval is reported, and one is listed', async (t) => {
  const { mesh, hub, clock, bench } = openBench();
  const { id } = move(hub);
  bench.lastRun.accept();
  for (let step = 0; step < 1000; step++) {
    bench.lastRun.progress({ fraction: step / 1000 });
    clock.advance(1);
  }
  bench.lastRun.complete();
  const count = stagesOf(mesh).filter((stage) => stage === 'progress').length;
  t.true(count >= 5 && count <= 7, String(count));
  const delivery = hub.commands.findDelivery(id);
  t.is(delivery?.stages.filter(({ stage }) => stage === 'progress').length, 1);
  t.is(delivery?.progress?.fraction, 0.999);
});

test('a device that does not accept, or reports no progress, fails the command in time', (t) => {
  const { hub, clock, bench } = openBench();
  const silent = move(hub);
  clock.advance(5000);
  t.like(hub.commands.findDelivery(silent.id), { stage: 'failed', failure: 'notAccepted' });
  const stuck = move(hub);
  bench.lastRun.accept();
  clock.advance(59_000);
  bench.lastRun.progress({ fraction: 0.1 });
  clock.advance(59_000);
  t.is(hub.commands.findDelivery(stuck.id)?.stage, 'progress');
  clock.advance(1000);
  t.like(hub.commands.findDelivery(stuck.id), { stage: 'failed', failure: 'timedOut' });
  t.true(bench.lastRun.signal.aborted);
});

test('an abort reaches the source, and ends the command even where the source says nothing', (t) => {
  const { hub, clock, bench } = openBench();
  const { id } = move(hub);
  bench.lastRun.accept();
  t.is(hub.commands.abort(id), 'aborting');
  t.true(bench.lastRun.signal.aborted);
  bench.lastRun.aborted();
  t.is(hub.commands.findDelivery(id)?.stage, 'aborted');
  t.is(hub.commands.abort(id), 'ended');
  const deaf = move(hub);
  hub.commands.abort(deaf.id);
  clock.advance(5000);
  t.like(hub.commands.findDelivery(deaf.id), {
    stage: 'aborted',
    detail: 'the device did not confirm that it has stopped',
  });
  t.is(hub.commands.abort('none'), 'unknown');
  const firm = move(hub, 'tester', { ...MOVE, isAbortable: false });
  t.is(hub.commands.abort(firm.id), 'notAbortable');
});

test('a lost link and a closed source fail what is under way, and commands without a link fail at once', (t) => {
  const { hub, bench } = openBench();
  const first = move(hub);
  bench.link('backingOff');
  t.like(hub.commands.findDelivery(first.id), { stage: 'failed', failure: 'linkLost' });
  t.like(move(hub), { stage: 'failed', failure: 'noLink' });
  bench.link('up');
  const second = move(hub);
  bench.source.close();
  t.like(hub.commands.findDelivery(second.id), { stage: 'failed', failure: 'linkLost' });
  t.throws(() => move(hub), { instanceOf: RangeError });
});

test('one client may have 64 commands under way, and all together 256', (t) => {
  const { hub } = openBench();
  for (let count = 0; count < 64; count++) t.is(move(hub, 'greedy').stage, 'queued');
  t.is(move(hub, 'greedy').failure, 'queueFull');
  for (let count = 64; count < 256; count++) t.is(move(hub, `client ${count}`).stage, 'queued');
  t.is(move(hub, 'late').failure, 'queueFull');
});

test('a source that throws fails its command, and nothing else', (t) => {
  const { hub } = openBench();
  const source = hub.openSource({
    name: 'broken',
    kind: 'x',
    onCommand: () => {
      throw new Error('no such motor');
    },
  });
  source.addDevice(0x10500, 'broken', { commands: [MOVE] });
  source.setLink({ state: 'up', since: 0 });
  const delivery = hub.commands.command({
    address: 0x10500,
    definition: MOVE,
    arguments: {},
    by: { owner: 'tester' },
  });
  t.like(delivery, { stage: 'failed', failure: 'deviceFault', detail: 'Error: no such motor' });
});

test('a result that is too long is left out, and said to be', (t) => {
  const { hub, bench } = openBench();
  const { id } = move(hub);
  bench.lastRun.complete('x'.repeat(70_000));
  const delivery = hub.commands.findDelivery(id);
  t.is(delivery?.result, undefined);
  t.regex(delivery?.detail ?? '', /left out/);
});

for (const [given, expected] of [
  [{ position: 5 }, { position: 5, mode: 'slow' }],
  [{ position: 0, mode: 'fast', steps: 3, note: 'abc', brake: true }, 'the same'],
  [{}, /position is missing/],
  [{ position: 100.1 }, /position must be a number from 0 to 100 mm/],
  [{ position: Number.NaN }, /position must be a number/],
  [{ position: '5' }, /position must be a number/],
  [{ position: 5, mode: 'x' }, /mode must be one of fast, slow/],
  [{ position: 5, steps: 1.5 }, /steps must be an integer from 1 to 10/],
  [{ position: 5, note: 'too long' }, /note must be a text of 0 to 5 characters/],
  [{ position: 5, brake: 1 }, /brake must be true or false/],
  [{ position: 5, other: 1 }, /unknown argument "other"; available: position, mode, steps, note, brake/],
] as const) {
  test(`arguments of a command: ${JSON.stringify(given)}`, (t) => {
    const checked = checkArguments(MOVE, given);
    if (expected instanceof RegExp) t.regex('fault' in checked ? checked.fault : '', expected);
    else t.deepEqual(checked, { values: expected === 'the same' ? given : expected });
  });
}

const ARGUMENT = { name: 'x', type: 'number' } as const;
for (const [what, commands] of Object.entries({
  'two commands of the same name': [MOVE, MOVE],
  'is not one word': [{ ...MOVE, name: 'two words' }],
  'two arguments of the same name': [{ ...MOVE, arguments: [ARGUMENT, ARGUMENT] }],
  'has choices': [{ ...MOVE, arguments: [{ name: 'x', type: 'choice' }] }],
  'must be a number of at most 1': [{ ...MOVE, arguments: [{ ...ARGUMENT, max: 1, default: 2 }] }],
} satisfies Record<string, CommandDefinition[]>)) {
  test(`a device can not have such commands: ${what}`, (t) => {
    const { hub } = openBench();
    const source = hub.openSource({ name: 'other', kind: 'x' });
    t.throws(() => source.addDevice(0x10500, 'other', { commands }), { message: new RegExp(what) });
  });
}

test('an alarm of a device has its own code and priority, is latched, and its source learns of the acknowledgement', (t) => {
  const { hub, bench } = openBench();
  bench.source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'high', text: 'end switch\u0007' });
  const [alarm] = hub.alarms.open();
  t.like(alarm, {
    id: 'DEVICE_ALARM:stage:LIMIT',
    code: 'DEVICE_ALARM',
    priority: 'high',
    device: 'stage',
    deviceCode: 'LIMIT',
    node: FIRST_STAGE,
    active: true,
  });
  t.false(alarm?.text.includes('\u0007'));
  bench.source.clearAlarm(FIRST_STAGE, 'LIMIT');
  t.like(hub.alarms.open()[0], { active: false, acknowledged: false });
  t.true(hub.alarms.acknowledge('DEVICE_ALARM:stage:LIMIT'));
  t.deepEqual(hub.alarms.open(), []);
  t.deepEqual(bench.acknowledged, ['LIMIT']);
});

test('only the source of a device raises and clears its alarms', (t) => {
  const { hub, bench } = openBench();
  const other = hub.openSource({ name: 'other', kind: 'x' });
  const alarm = { code: 'LIMIT', priority: 'high', text: 'x' } as const;
  bench.source.raiseAlarm(FIRST_STAGE, alarm);
  const refusal = { message: `other has no device with the address ${FIRST_STAGE}` };
  t.throws(() => other.clearAlarm(FIRST_STAGE, 'LIMIT'), refusal);
  t.throws(() => other.raiseAlarm(FIRST_STAGE, { ...alarm, code: 'OTHER' }), refusal);
  t.throws(() => bench.source.clearAlarm(FIRST_STAGE + 0x99, 'LIMIT'));
  t.like(hub.alarms.open(), [{ deviceCode: 'LIMIT', active: true }]);
  t.is(hub.alarms.open().length, 1);
  t.notThrows(() => bench.source.clearAlarm(FIRST_STAGE, 'NEVER RAISED'));
});

test('an alarm of a device whose source has gone ends when it is acknowledged', (t) => {
  const { hub, bench } = openBench();
  bench.source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'low', text: 'x' });
  bench.source.close();
  t.is(hub.alarms.open().length, 1);
  hub.alarms.acknowledge('DEVICE_ALARM:stage:LIMIT');
  t.deepEqual(hub.alarms.open(), []);
});

test('alarms of devices are limited, those of high priority too', (t) => {
  const { hub, bench } = openBench();
  for (let code = 0; code < 1010; code++)
    bench.source.raiseAlarm(FIRST_STAGE, { code: `E${code}`, priority: 'high', text: 'x' });
  t.is(hub.alarms.open().length, 1000);
  t.is(hub.alarms.open()[0]?.deviceCode, 'E10');
});

test('an alarm is cleared by the code with which it was raised, however long that is', (t) => {
  const { hub, bench } = openBench();
  const code = 'x'.repeat(100);
  bench.source.raiseAlarm(FIRST_STAGE, { code, priority: 'low', text: 'x' });
  bench.source.clearAlarm(FIRST_STAGE, code);
  t.like(hub.alarms.open()[0], { active: false });
});

test('when a device is removed its command fails, and those of other devices go on', (t) => {
  const { hub, bench } = openBench();
  bench.source.addDevice(FIRST_STAGE + 1, 'stage:2', { commands: [MOVE] });
  const values = { position: 5, mode: 'slow' };
  const other = hub.commands.command({
    address: FIRST_STAGE + 1,
    definition: MOVE,
    arguments: values,
    by: { owner: 'tester' },
  });
  const { id } = move(hub);
  bench.source.removeDevice(FIRST_STAGE);
  t.like(hub.commands.findDelivery(id), { stage: 'failed', failure: 'linkLost' });
  t.is(hub.commands.findDelivery(other.id)?.stage, 'queued');
});

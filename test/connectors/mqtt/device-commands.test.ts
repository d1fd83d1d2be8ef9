import test from 'ava';
import type { CommandRun } from '../../../src/hub/device-commands.js';
import { CommandedBench } from '../../support/commanded-bench.js';
import { MqttFixture } from '../../support/mqtt-fixture.js';

const MOVE = 'device/stage/move';
const ANSWERS = `farm/north/answer/${MOVE}`;

async function openStage(options: Parameters<typeof MqttFixture.start>[0] = {}) {
  const fixture = await MqttFixture.start(options);
  const { hub, clock } = fixture.mesh;
  const bench = new CommandedBench(hub, () => clock.now());
  bench.link('up');
  await fixture.settle();
  return { fixture, bench };
}

function stages(fixture: MqttFixture): unknown[] {
  return fixture.broker
    .at(ANSWERS)
    .flatMap(({ delivery }) => (delivery ? [(delivery as { stage: string }).stage] : []));
}

test('a command to a device has a topic of its own; each stage is an answer, as it comes', async (t) => {
  const { fixture, bench } = await openStage();
  await fixture.command(MOVE, { position: 12.5, response: { correlation: 'c1' } });
  t.like(bench.lastRun, { device: 'stage', name: 'move', arguments: { position: 12.5, mode: 'slow' } });
  bench.lastRun.accept();
  bench.lastRun.progress({ fraction: 0.5, text: 'half way' });
  await fixture.settle();
  bench.lastRun.complete({ position: 12.5 });
  await fixture.settle();
  t.deepEqual(stages(fixture), ['queued', 'accepted', 'progress', 'completed']);
  const answers = fixture.broker.at(ANSWERS);
  for (const answer of answers) t.like(answer, { command: MOVE, correlation: 'c1' });
  t.like(
    answers.find(({ result }) => result),
    { result: { stage: 'accepted', device: 'stage' } },
  );
  t.like(answers.at(-1), {
    delivery: {
      stage: 'completed',
      command: { name: 'move', arguments: { position: 12.5, mode: 'slow' } },
      result: { position: 12.5 },
    },
  });
  const [event] = fixture.broker.at('farm/north/event/delivery/stage');
  t.like(event, { kind: 'delivery', delivery: { device: 'stage', stage: 'queued' } });
});

test('of a device that reports progress quickly, five stages a second are published, the newest of each interval', async (t) => {
  const { fixture, bench } = await openStage();
  await fixture.command(MOVE, { position: 1 });
  bench.lastRun.accept();
  for (let step = 0; step < 100; step++) {
    bench.lastRun.progress({ fraction: step / 100 });
    await fixture.pass(10, 10);
  }
  const count = stages(fixture).filter((stage) => stage === 'progress').length;
  t.true(count >= 5 && count <= 6, `${count}`);
});

for (const [what, end, expected] of [
  [
    'fails',
    (run: CommandRun) => run.fail('deviceFault', 'limit switch'),
    {
      stage: 'failed',
      failure: 'deviceFault',
      detail: 'the device failed while it carried out the command: limit switch',
    },
  ],
  ['is aborted', (run: CommandRun) => run.aborted(), { stage: 'aborted' }],
] as const) {
  test(`a command that ${what} says so in its last answer`, async (t) => {
    const { fixture, bench } = await openStage();
    await fixture.command(MOVE, { position: 1 });
    bench.lastRun.accept();
    await fixture.settle();
    if (what === 'is aborted') {
      const { id } = bench.lastRun;
      await fixture.command('abort', { delivery: id });
      t.true(bench.lastRun.signal.aborted);
      t.like(fixture.broker.at('farm/north/answer/abort').at(-1), { result: { id } });
    }
    end(bench.lastRun);
    await fixture.settle();
    t.like(fixture.broker.at(ANSWERS).at(-1), { delivery: expected });
  });
}

test('a command that is not possible is refused with the reason', async (t) => {
  const { fixture, bench } = await openStage();
  await fixture.command(MOVE, { position: 101 });
  await fixture.command('device/stage/jump', '');
  await fixture.command('device/nobody/move', '');
  bench.link('absent');
  await fixture.command(MOVE, { position: 1 });
  const codes = ['move', 'jump'].map((name) =>
    fixture.broker
      .at(`farm/north/answer/device/stage/${name}`)
      .flatMap(({ error }) => (error ? [error] : [])),
  );
  t.like(codes[0]?.[0], {
    code: 'BAD_PARAMS',
    message:
      'stage move: position must be a number from 0 to 100 mm: invalid parameters; check the description of the method',
  });
  t.like(codes[0]?.[1], { code: 'LINK_DOWN' });
  t.like(codes[1]?.[0], { code: 'COMMAND_NOT_FOUND' });
  t.like(fixture.broker.at('farm/north/answer/device/nobody/move')[0], { error: { code: 'NODE_NOT_FOUND' } });
  t.is(bench.runs.length, 0);
});

test('the allow-list names `command` for all commands of devices', async (t) => {
  const { fixture, bench } = await openStage({ settings: { commands: ['send', 'abort'] } });
  await fixture.command(MOVE, { position: 1 });
  t.like(fixture.broker.at(ANSWERS)[0], { error: { code: 'NOT_ALLOWED' } });
  const allowing = await openStage({ settings: { commands: ['command'] } });
  await allowing.fixture.command(MOVE, { position: 1 });
  t.deepEqual([bench.runs.length, allowing.bench.runs.length], [0, 1]);
});

test('retained commands to devices are refused, and one with a correlation is carried out once', async (t) => {
  const { fixture, bench } = await openStage();
  await fixture.command(MOVE, { position: 1 }, { retain: true });
  t.like(fixture.broker.at(ANSWERS)[0], { error: { code: 'RETAINED' } });
  const twice = { position: 1, response: { correlation: 'same' } };
  await fixture.command(MOVE, twice);
  await fixture.command(MOVE, twice);
  t.is(bench.runs.length, 1);
});

test('the connector reads the topics of commands of devices', async (t) => {
  const { fixture } = await openStage();
  t.true(fixture.broker.subscribed.has('farm/north/cmd/device/+/+'));
});

import test from 'ava';
import { ALARM_CODES, type Alarm, type AlarmCode, Alarms } from '../../src/hub/alarms.js';
import { ManualClock } from '../support/manual-clock.js';

function setUp() {
  const clock = new ManualClock(1000);
  const reported: Alarm[] = [];
  const alarms = new Alarms(clock, (alarm) => reported.push(alarm));
  return { clock, reported, alarms };
}

const LASTING = codesWhere(true);
const MOMENTARY = codesWhere(false);

function codesWhere(lasting: boolean): AlarmCode[] {
  const codes = Object.keys(ALARM_CODES) as AlarmCode[];
  return codes.filter((code) => ALARM_CODES[code].lasting === lasting);
}

for (const code of LASTING) {
  test(`${code} is active until its condition is over, and kept until it is acknowledged`, (t) => {
    const { clock, reported, alarms } = setUp();
    alarms.raise(code, 5);
    t.like(alarms.all()[0], { id: `${code}:5`, node: 5, active: true, acknowledged: false, count: 1 });
    clock.advance(100);
    alarms.clear(code, 5);
    t.like(alarms.all()[0], { active: false, acknowledged: false, firstAt: 1000, lastAt: 1000 });
    t.true(alarms.acknowledge(`${code}:5`));
    t.deepEqual(alarms.all(), []);
    t.deepEqual(
      reported.map(({ active, acknowledged }) => [active, acknowledged]),
      [
        [true, false],
        [false, false],
        [false, true],
      ],
    );
  });
}

for (const code of MOMENTARY) {
  test(`${code} is over as soon as it is raised, and is counted until it is acknowledged`, (t) => {
    const { clock, alarms } = setUp();
    alarms.raise(code, 5);
    clock.advance(100);
    alarms.raise(code, 5, 'again');
    t.like(alarms.all()[0], { active: false, count: 2, firstAt: 1000, lastAt: 1100, text: 'again' });
    alarms.acknowledge(`${code}:5`);
    t.deepEqual(alarms.all(), []);
    alarms.raise(code, 5);
    t.like(alarms.all()[0], { count: 1, firstAt: 1100 });
  });
}

test('a lasting condition is one alarm, however often it is noticed', (t) => {
  const { reported, alarms } = setUp();
  for (let times = 0; times < 3; times++) alarms.raise('LINK_LOST');
  t.is(reported.length, 1);
  t.is(alarms.all()[0]?.id, 'LINK_LOST');
});

test('an alarm that is acknowledged while it is active is closed when its condition is over', (t) => {
  const { alarms } = setUp();
  alarms.raise('ROOT_SILENT');
  t.true(alarms.acknowledge('ROOT_SILENT'));
  t.like(alarms.all()[0], { active: true, acknowledged: true });
  alarms.clear('ROOT_SILENT');
  t.deepEqual(alarms.all(), []);
});

test('a condition that recurs makes the same alarm active and unacknowledged again, and is counted', (t) => {
  const { clock, alarms } = setUp();
  alarms.raise('LINK_LOST');
  alarms.clear('LINK_LOST');
  clock.advance(100);
  alarms.raise('LINK_LOST');
  t.like(alarms.all()[0], { active: true, acknowledged: false, count: 2, firstAt: 1000, lastAt: 1100 });
  t.is(alarms.all().length, 1);
});

test('acknowledging twice sends one event; an unknown alarm cannot be acknowledged', (t) => {
  const { reported, alarms } = setUp();
  alarms.raise('LINK_LOST');
  t.true(alarms.acknowledge('LINK_LOST'));
  t.true(alarms.acknowledge('LINK_LOST'));
  t.is(reported.length, 2);
  t.false(alarms.acknowledge('NODE_DISCONNECTED:5'));
});

test('clearing an alarm that does not exist, or is over, sends no event', (t) => {
  const { reported, alarms } = setUp();
  alarms.clear('LINK_LOST');
  alarms.raise('LINK_LOST');
  alarms.clear('LINK_LOST');
  alarms.clear('LINK_LOST');
  t.is(reported.length, 2);
});

test('at most 1,000 are kept: the oldest is evicted and counted, but never one of high priority', (t) => {
  const { alarms } = setUp();
  alarms.raise('LINK_LOST');
  for (let node = 1; node <= 1500; node++) alarms.raise('NODE_DISCONNECTED', node);
  const ids = alarms.all().map(({ id }) => id);
  t.is(ids.length, 1000);
  t.is(ids[0], 'LINK_LOST');
  t.is(ids[1], 'NODE_DISCONNECTED:502');
  t.is(ids.at(-1), 'NODE_DISCONNECTED:1500');
  t.deepEqual(alarms.counters(), { open: 1000, dropped: 501 });
});

test('alarms of an earlier run that are read late are merged: a condition that this run has not noticed is over', (t) => {
  const changes: Alarm[] = [];
  const alarms = new Alarms(new ManualClock(5000), (alarm) => changes.push(alarm));
  alarms.raise('HISTORY_FAILING');
  const before = { priority: 'medium', firstAt: 1, lastAt: 1, count: 2, active: true, text: 'x' } as const;
  const earlier = [
    { ...before, id: 'HISTORY_FAILING', code: 'HISTORY_FAILING', acknowledged: false },
    { ...before, id: 'LINK_LOST', code: 'LINK_LOST', acknowledged: false },
    { ...before, id: 'ROOT_SILENT', code: 'ROOT_SILENT', acknowledged: true },
    { ...before, id: 'NODE_DISCONNECTED:9', code: 'NODE_DISCONNECTED', node: 9, acknowledged: false },
  ] as const;
  alarms.join(earlier, ({ node }) => node === 9);
  t.deepEqual(
    alarms.all().map(({ id, active, firstAt, count }) => [id, active, firstAt, count]),
    [
      ['HISTORY_FAILING', true, 1, 2],
      ['LINK_LOST', false, 1, 2],
      ['NODE_DISCONNECTED:9', true, 1, 2],
    ],
  );
  t.is(changes.length, 5, 'each is an event, even the closed one: the file must record that it is over');
});

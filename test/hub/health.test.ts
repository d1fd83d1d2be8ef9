import test from 'ava';
import { describeHealth, healthText } from '../../src/api/describe.js';
import type { Alarm } from '../../src/hub/alarms.js';
import {
  HEALTH_REASONS,
  type Health,
  type HealthFacts,
  type HealthLevel,
  judgeHealth,
} from '../../src/hub/health.js';
import { LINK_DOWN_REASONS, type LinkDownReason } from '../../src/link/link.js';
import { settled } from '../support/manual-clock.js';
import { NetworkFixture } from '../support/network-fixture.js';

const WELL: Health = {
  link: undefined,
  root: undefined,
  ready: undefined,
  alarms: undefined,
  nodes: undefined,
  history: undefined,
  historyFault: undefined,
};

const SILENT_AFTER_MS = 10_000;

const up = () => NetworkFixture.up({ rootSilentAfterMs: SILENT_AFTER_MS, refreshEveryMs: 0 });

test('the gateway is ready while the root has been heard recently', async (t) => {
  const fixture = await up();
  t.deepEqual({ ...fixture.hub.health() }, WELL);
  await fixture.pass(SILENT_AFTER_MS - 1);
  t.deepEqual({ ...fixture.hub.health() }, WELL);
});

test('a root that is silent for too long is reported, with the alarm, until it is heard again', async (t) => {
  const fixture = await up();
  await fixture.pass(SILENT_AFTER_MS);
  t.is(fixture.hub.health().root, 'rootSilent');
  await fixture.pass(1000);
  t.deepEqual(
    { ...fixture.hub.health() },
    { ...WELL, root: 'rootSilent', ready: 'rootSilent', alarms: 'highAlarm' },
  );
  fixture.say('00 05 52 00');
  await fixture.pass(1000);
  t.deepEqual({ ...fixture.hub.health() }, WELL, 'an alarm that is over but not acknowledged is not a fault');
});

test('a history that cannot be written is a fault, with its cause, until it can be', async (t) => {
  const fixture = await up();
  fixture.hub.goWithoutArchive('the package is gone');
  t.deepEqual(
    { ...fixture.hub.health() },
    {
      ...WELL,
      alarms: 'activeAlarm',
      history: 'historyInMemory',
      historyFault: 'the package is gone',
    },
  );
  const [alarm] = fixture.hub.alarms.open();
  t.is(alarm?.code, 'HISTORY_FAILING');
  t.regex(alarm?.text ?? '', /the package is gone$/);
});

test('a gateway whose socket has disappeared is not ready, and has the alarm until it is there again', async (t) => {
  const { hub } = await up();
  hub.onSocketsLost('clients can not connect: /run/s: it has gone');
  t.deepEqual({ ...hub.health() }, { ...WELL, ready: 'socketLost', alarms: 'highAlarm' });
  t.like(hub.alarms.open()[0], { code: 'SOCKET_LOST', text: 'clients can not connect: /run/s: it has gone' });
  hub.onSocketsLost(undefined);
  t.deepEqual({ ...hub.health() }, WELL);
});

test('setting the host clock changes nothing', async (t) => {
  const fixture = await up();
  fixture.clock.setHostClock(fixture.clock.now() + 1e12);
  t.deepEqual({ ...fixture.hub.health() }, WELL);
});

test('before the link has ever been open, and before its root was heard, the reason says so', async (t) => {
  const fixture = new NetworkFixture();
  t.deepEqual(
    { ...fixture.hub.health() },
    { ...WELL, link: 'notOpenYet', root: 'notOpenYet', ready: 'notOpenYet' },
  );
  fixture.link('opening');
  t.is(fixture.hub.health().link, 'notOpenYet');
  fixture.link('probing');
  await settled();
  t.deepEqual({ ...fixture.hub.health() }, { ...WELL, root: 'rootNotHeard', ready: 'rootNotHeard' });
});

test('a root heard just before the link was lost and reopened must be heard again', async (t) => {
  const fixture = await up();
  fixture.link('backingOff');
  fixture.link('probing');
  await settled();
  t.is(fixture.hub.health().root, 'rootNotHeard');
});

test('while the link is down, its own reason is reported', (t) => {
  for (const reason of Object.keys(LINK_DOWN_REASONS) as LinkDownReason[]) {
    const fixture = new NetworkFixture();
    fixture.network.onLinkStatus({ state: 'backingOff', since: 0, reason });
    t.deepEqual(
      { ...fixture.hub.health() },
      { ...WELL, link: reason, root: reason, ready: reason, alarms: 'highAlarm' },
    );
    t.is(healthText(reason), LINK_DOWN_REASONS[reason]);
  }
});

test('every reason has its text', (t) => {
  for (const reason of Object.keys(HEALTH_REASONS) as (keyof typeof HEALTH_REASONS)[]) {
    t.is(healthText(reason), HEALTH_REASONS[reason].text);
    t.false(reason in LINK_DOWN_REASONS);
  }
});

const UP: HealthFacts = {
  link: { state: 'up', since: 0 },
  rootSilentMs: 0,
  rootSilentAfterMs: 1000,
  alarms: [],
  countNodes: () => ({ total: 12, disconnected: 0 }),
  history: { file: '/h.db' },
  areSocketsLost: false,
};

const alarm = (priority: Alarm['priority'], active: boolean): Alarm => ({
  id: 'X',
  code: 'NODE_DISCONNECTED',
  priority,
  text: '',
  firstAt: 0,
  lastAt: 0,
  count: 1,
  active,
  acknowledged: false,
});

const LEVELS: readonly [what: string, facts: Partial<HealthFacts>, level: HealthLevel][] = [
  ['nothing', {}, 'healthy'],
  ['an alarm that is over', { alarms: [alarm('high', false)] }, 'healthy'],
  ['an active alarm of medium priority', { alarms: [alarm('medium', true)] }, 'degraded'],
  ['an active alarm of high priority', { alarms: [alarm('high', true)] }, 'unhealthy'],
  ['one node of twelve', { countNodes: () => ({ total: 12, disconnected: 1 }) }, 'degraded'],
  ['half of the nodes', { countNodes: () => ({ total: 12, disconnected: 6 }) }, 'degraded'],
  ['more than half of the nodes', { countNodes: () => ({ total: 12, disconnected: 7 }) }, 'unhealthy'],
  ['history that is disabled', { history: {} }, 'healthy'],
  ['history that could not be opened', { history: { fault: 'no space' } }, 'unhealthy'],
  ['history that cannot be written', { history: { file: '/h.db', fault: 'no space' } }, 'unhealthy'],
  ['a silent root', { rootSilentMs: 1000 }, 'unhealthy'],
];

for (const [what, facts, level] of LEVELS) {
  test(`the level of health: ${what} makes it ${level}`, (t) => {
    const info = describeHealth(judgeHealth({ ...UP, ...facts }));
    t.is(info.level, level);
    t.is(info.healthy, level !== 'unhealthy');
    t.is(info.ready, what !== 'a silent root', '/readyz depends on link and root only');
    for (const check of info.checks) t.is(check.ok, check.level !== 'unhealthy');
  });
}

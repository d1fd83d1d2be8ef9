import test from 'ava';
import { HEALTH_REASONS, type Health } from '../../src/network/health.js';
import { healthText } from '../../src/socket/session/describe.js';
import { LINK_DOWN_REASONS, type LinkDownReason } from '../../src/uart/link.js';
import { settled } from '../support/manual-clock.js';
import { NetworkFixture } from '../support/network-fixture.js';

const WELL: Health = { link: undefined, root: undefined, ready: undefined, alarms: undefined };

const SILENT_AFTER_MS = 10_000;

const up = () => NetworkFixture.up({ rootSilentAfterMs: SILENT_AFTER_MS, refreshEveryMs: 0 });

test('all is well while the root has spoken lately', async (t) => {
  const fixture = await up();
  t.deepEqual(fixture.network.health(), WELL);
  await fixture.pass(SILENT_AFTER_MS - 1);
  t.deepEqual(fixture.network.health(), WELL);
});

test('a root that is silent for too long is told, with the alarm, until it speaks again', async (t) => {
  const fixture = await up();
  await fixture.pass(SILENT_AFTER_MS);
  t.is(fixture.network.health().root, 'rootSilent');
  await fixture.pass(1000);
  t.deepEqual(fixture.network.health(), {
    link: undefined,
    root: 'rootSilent',
    ready: 'rootSilent',
    alarms: 'highAlarm',
  });
  fixture.say('00 05 52 00');
  await fixture.pass(1000);
  t.deepEqual(
    fixture.network.health(),
    WELL,
    'an alarm that is over waits to be acknowledged: that is no fault',
  );
});

test('a gateway whose socket has gone is not ready, and has the alarm until it is there again', async (t) => {
  const { network } = await up();
  network.onSocketsLost('clients can not connect: /run/s: it has gone');
  t.deepEqual(network.health(), { ...WELL, ready: 'socketLost', alarms: 'highAlarm' });
  t.like(network.alarms()[0], { code: 'SOCKET_LOST', text: 'clients can not connect: /run/s: it has gone' });
  network.onSocketsLost(undefined);
  t.deepEqual(network.health(), WELL);
});

test('setting the host clock changes nothing', async (t) => {
  const fixture = await up();
  fixture.clock.setHostClock(fixture.clock.now() + 1e12);
  t.deepEqual(fixture.network.health(), WELL);
});

test('before the link has ever been open, and while its root has not spoken, the reason says so', async (t) => {
  const fixture = new NetworkFixture();
  t.deepEqual(fixture.network.health(), {
    link: 'notOpenYet',
    root: 'notOpenYet',
    ready: 'notOpenYet',
    alarms: undefined,
  });
  fixture.link('opening');
  t.is(fixture.network.health().link, 'notOpenYet');
  fixture.link('probing');
  await settled();
  t.deepEqual(fixture.network.health(), {
    link: undefined,
    root: 'rootNotHeard',
    ready: 'rootNotHeard',
    alarms: undefined,
  });
});

test('a root that spoke just before the link was lost and opened again must speak again', async (t) => {
  const fixture = await up();
  fixture.link('backingOff');
  fixture.link('probing');
  await settled();
  t.is(fixture.network.health().root, 'rootNotHeard');
});

test('while the link is down, its own reason is the reason', (t) => {
  for (const reason of Object.keys(LINK_DOWN_REASONS) as LinkDownReason[]) {
    const fixture = new NetworkFixture();
    fixture.network.onLinkStatus({ state: 'backingOff', since: 0, reason });
    t.deepEqual(fixture.network.health(), { link: reason, root: reason, ready: reason, alarms: 'highAlarm' });
    t.is(healthText(reason), LINK_DOWN_REASONS[reason]);
  }
});

test('every reason has its words', (t) => {
  for (const reason of Object.keys(HEALTH_REASONS) as (keyof typeof HEALTH_REASONS)[]) {
    t.is(healthText(reason), HEALTH_REASONS[reason]);
    t.false(reason in LINK_DOWN_REASONS);
  }
});

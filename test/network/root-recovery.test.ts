import test from 'ava';
import { type MeshSettings, NetworkFixture } from '../support/network-fixture.js';

const SECOND = 1000;
const RECOVERY = {
  isEnabled: true,
  probeAfterMs: 60 * SECOND,
  stepMs: 20 * SECOND,
  firstPauseMs: 60 * SECOND,
  longestPauseMs: 200 * SECOND,
};
const SETTINGS: Partial<MeshSettings> = {
  refreshEveryMs: 0,
  rootSilentAfterMs: 90 * SECOND,
  disconnectedAfterMs: 3600 * SECOND,
  idleAfterMs: 3600 * SECOND,
  recovery: RECOVERY,
};

/** Each step with the second at which it was taken. */
function recoverySteps({ events }: NetworkFixture, since: number): string[] {
  return events.flatMap((event) =>
    event.kind === 'recovery'
      ? [`${(event.at - since) / SECOND} ${event.step} ${event.round}${event.outcome === 'done' ? '' : ' -'}`]
      : [],
  );
}

async function passSeconds(fixture: NetworkFixture, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await fixture.pass(SECOND);
}

test('a silent root is probed, restarted, reset by its lines, and its port reopened; then pauses grow', async (t) => {
  const fixture = await NetworkFixture.up(SETTINGS);
  const since = fixture.clock.now();
  await passSeconds(fixture, 700);
  t.deepEqual(recoverySteps(fixture, since), [
    '60 probe 1',
    '90 restart 1',
    '110 resetLines 1',
    '130 reopen 1',
    '210 restart 2',
    '230 resetLines 2',
    '250 reopen 2',
    '390 restart 3',
    '410 resetLines 3',
    '430 reopen 3',
    '650 restart 4',
    '670 resetLines 4',
    '690 reopen 4',
  ]);
  t.deepEqual(fixture.portSteps.slice(0, 2), ['resetLines', 'reopen']);
  t.deepEqual(fixture.sent.slice(0, 2), ['NINFO', 'RST-R']);
});

test('each step is reported by the alarm; the alarm and the steps end when the root is heard', async (t) => {
  const fixture = await NetworkFixture.up(SETTINGS);
  await passSeconds(fixture, 91);
  const [alarm] = fixture.hub.alarms.open();
  t.is(alarm?.code, 'ROOT_SILENT');
  t.regex(alarm?.text ?? '', /RST-R/);
  await passSeconds(fixture, 20);
  t.regex(fixture.hub.alarms.open()[0]?.text ?? '', /DTR and RTS/);
  await passSeconds(fixture, 25);
  t.regex(fixture.hub.alarms.open()[0]?.text ?? '', /closed and reopened/);
  t.true(fixture.hub.alarms.open()[0]?.active);
  fixture.say('00 05 45 01');
  await passSeconds(fixture, 1);
  t.false(fixture.hub.alarms.open().find(({ code }) => code === 'ROOT_SILENT')?.active);
  const taken = fixture.events.filter(({ kind }) => kind === 'recovery').length;
  await passSeconds(fixture, 50);
  t.is(fixture.events.filter(({ kind }) => kind === 'recovery').length, taken);
  t.true(fixture.lines.some((line) => line.includes('the root responds again after 4 recovery steps')));
});

test('a root that answers the probe is left alone', async (t) => {
  const fixture = await NetworkFixture.up(SETTINGS);
  await passSeconds(fixture, 61);
  fixture.say('00 00 01 00');
  await passSeconds(fixture, 59);
  t.deepEqual(
    fixture.events.flatMap((event) => (event.kind === 'recovery' ? [event.step] : [])),
    ['probe'],
  );
  t.deepEqual(fixture.hub.alarms.open(), []);
});

test('an adapter without modem lines costs no waiting', async (t) => {
  const fixture = await NetworkFixture.up(SETTINGS);
  fixture.hasLines = false;
  const since = fixture.clock.now();
  await passSeconds(fixture, 140);
  t.deepEqual(recoverySteps(fixture, since), [
    '60 probe 1',
    '90 restart 1',
    '110 resetLines 1 -',
    '111 reopen 1',
  ]);
});

test('without a port nothing is tried, and recovery starts over', async (t) => {
  const fixture = await NetworkFixture.up(SETTINGS);
  await passSeconds(fixture, 100);
  fixture.link('backingOff');
  fixture.forget();
  await passSeconds(fixture, 500);
  t.deepEqual(
    fixture.events.filter(({ kind }) => kind === 'recovery'),
    [],
  );
  fixture.link('probing');
  const since = fixture.clock.now();
  await passSeconds(fixture, 61);
  t.deepEqual(recoverySteps(fixture, since), ['60 probe 1']);
});

test('with recovery off a silent root is reported, and left alone', async (t) => {
  const fixture = await NetworkFixture.up({ ...SETTINGS, recovery: { ...RECOVERY, isEnabled: false } });
  await passSeconds(fixture, 300);
  t.deepEqual(fixture.sent, []);
  t.deepEqual(fixture.portSteps, []);
  t.is(fixture.hub.alarms.open()[0]?.code, 'ROOT_SILENT');
});

test('a different board is reported before anything is sent to it', async (t) => {
  const fixture = new NetworkFixture(SETTINGS);
  fixture.link('probing', 'usb:10c4:ea60:0001');
  await fixture.pass(0);
  fixture.link('backingOff');
  fixture.forget();
  let sentWhenTold: number | undefined;
  fixture.hub.feed.subscribe((event) => {
    if (event.kind === 'alarm' && event.alarm.code === 'ROOT_CHANGED') sentWhenTold = fixture.sent.length;
  });
  fixture.link('probing', 'usb:10c4:ea60:0002');
  await fixture.pass(0);
  t.is(sentWhenTold, 0);
  t.deepEqual(fixture.sent, ['NINFO']);
  t.true(fixture.lines.some((line) => /a different board .*0002; it was .*0001/.test(line)));
});

test('the same board under another name is not reported', async (t) => {
  const fixture = new NetworkFixture(SETTINGS);
  fixture.link('probing', 'usb:10c4:ea60:0001');
  fixture.link('backingOff');
  fixture.link('probing', 'usb:10c4:ea60:0001');
  t.deepEqual(
    fixture.hub.alarms.open().filter(({ code }) => code === 'ROOT_CHANGED'),
    [],
  );
});

test('a list without any of the known nodes means a different board; one known node is enough', async (t) => {
  const list = (...addresses: readonly number[]) =>
    `00 00 01 0${addresses.length} ${addresses.map((address) => `00 0${address} 32 10 00*12 00 0${address}`).join(' ')}`;
  const fixture = await NetworkFixture.up(SETTINGS);
  fixture.say(list(5, 6));
  await fixture.pass(400);
  for (const [listed, changed] of [
    [[6, 7], false],
    [[8, 9], true],
  ] as const) {
    fixture.link('backingOff');
    fixture.link('probing');
    fixture.link('up');
    fixture.say(list(...listed));
    await fixture.pass(400);
    t.is(
      fixture.hub.alarms.open().some(({ code }) => code === 'ROOT_CHANGED'),
      changed,
    );
  }
});

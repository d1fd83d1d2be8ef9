import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { BROKER_DOWN_REASONS, type BrokerDownReason } from '../../../src/mqtt/broker.js';
import { FakeBroker } from '../../support/fake-broker.js';
import { MqttFixture } from '../../support/mqtt-fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'mg-mqtt-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const STATUS = 'farm/north/status';

/** A broker that cannot be reached. */
function brokerWithout(refusal: BrokerDownReason | 'silent'): FakeBroker {
  return Object.assign(new FakeBroker(), { refusal });
}

/** The times of the attempts, in s from the first. */
async function attemptsWithin(fixture: MqttFixture, seconds: number): Promise<number[]> {
  const times: number[] = [];
  for (let second = 0; second <= seconds; second++) {
    while (times.length < fixture.broker.attempts.length) times.push(second);
    await fixture.pass(1000);
  }
  return times;
}

test('the status says who is online, and the will says offline', async (t) => {
  const { broker, mesh } = await MqttFixture.start();
  const status = broker.kept(STATUS);
  t.like(status, {
    state: 'online',
    reason: 'connected',
    at: mesh.clock.now(),
    pid: process.pid,
    version: '0.0.0',
  });
  broker.lose();
  t.like(broker.kept(STATUS), { state: 'offline', reason: 'lost', at: null, instance: status?.instance });
});

test('a gateway that is stopped publishes offline, disconnects, and publishes nothing more', async (t) => {
  const fixture = await MqttFixture.start();
  const stopped = fixture.connector.stop();
  await fixture.settle();
  await stopped;
  t.like(fixture.broker.kept(STATUS), { state: 'offline', reason: 'stopped', at: fixture.mesh.clock.now() });
  t.true(fixture.broker.latest.saidGoodbye);
  const before = fixture.broker.taken.length;
  await fixture.say('00 05 45 00');
  await fixture.pass(100_000);
  t.is(fixture.broker.taken.length, before);
  t.is(fixture.broker.attempts.length, 1);
});

test('a broker that does not accept the last message delays the end by half a second', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.hold();
  let isStopped = false;
  const stopped = fixture.connector.stop().then(() => {
    isStopped = true;
  });
  await fixture.pass(400);
  t.false(isStopped);
  await fixture.pass(100);
  await stopped;
  t.true(fixture.broker.latest.saidGoodbye);
});

test('it can be stopped while it connects, and while it waits', async (t) => {
  for (const broker of [brokerWithout('silent'), brokerWithout('unreachable')]) {
    const fixture = await MqttFixture.start({ broker });
    await fixture.connector.stop();
    await fixture.pass(100_000);
    t.is(broker.attempts.length, 1);
    t.is(fixture.connector.counters().broker, 'stopped');
  }
});

test('the pauses between attempts grow to a minute', async (t) => {
  const fixture = await MqttFixture.start({ broker: brokerWithout('unreachable') });
  const times = await attemptsWithin(fixture, 400);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  t.true((pauses[0] ?? 0) <= 2);
  t.true(
    pauses.slice(1).every((pause, index) => pause >= (pauses[index] ?? 0) - 15),
    String(pauses),
  );
  t.true((pauses.at(-1) ?? 0) >= 48 && (pauses.at(-1) ?? 99) <= 61, String(pauses));
});

test('a connection that has lasted a minute makes the next pause short again', async (t) => {
  const fixture = await MqttFixture.start({ broker: brokerWithout('unreachable') });
  await fixture.pass(300_000);
  fixture.broker.refusal = undefined;
  await fixture.pass(180_000);
  t.is(fixture.connector.counters().broker, 'up');
  const attempts = fixture.broker.attempts.length;
  fixture.broker.lose();
  await fixture.pass(1300);
  t.is(fixture.broker.attempts.length, attempts + 1);
});

test('a broker that restarts often is reconnected within seconds each time', async (t) => {
  const fixture = await MqttFixture.start();
  for (let restart = 0; restart < 10; restart++) {
    const attempts = fixture.broker.attempts.length;
    fixture.broker.lose();
    await fixture.pass(2600);
    t.is(fixture.broker.attempts.length, attempts + 1, `restart ${restart}`);
    t.is(fixture.connector.counters().broker, 'up');
    await fixture.pass(3000);
  }
});

test('a broker that accepts each connection and drops it is tried every 2 s at most', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.lose();
  await fixture.pass(1300);
  const attempts = fixture.broker.attempts.length;
  for (let turn = 0; turn < 100; turn++) {
    fixture.broker.lose();
    await fixture.pass(200);
  }
  const more = fixture.broker.attempts.length - attempts;
  t.true(more >= 8 && more <= 10, String(more));
});

test('a connection on which the subscriptions were not answered does not shorten the pauses', async (t) => {
  const fixture = await MqttFixture.start({ broker: brokerWithout('unreachable') });
  await fixture.pass(300_000);
  fixture.broker.refusal = undefined;
  fixture.broker.answersSubscriptions = false;
  while (fixture.connector.counters().broker !== 'up') await fixture.pass(1000);
  const attempts = fixture.broker.attempts.length;
  fixture.broker.lose();
  await fixture.pass(40_000);
  t.is(fixture.broker.attempts.length, attempts);
});

test('a broker that does not respond is given up after 20 s', async (t) => {
  const fixture = await MqttFixture.start({ broker: brokerWithout('silent') });
  await fixture.pass(19_000);
  t.is(fixture.connector.counters().broker, 'connecting');
  await fixture.pass(1000);
  t.is(fixture.connector.counters().downs.connectTimeout, 1);
});

for (const reason of ['unreachable', 'tlsFailed', 'badCredentials', 'notAllowed', 'refused'] as const) {
  test(`${reason} is counted, and logged once, with an explanation`, async (t) => {
    const fixture = await MqttFixture.start({ broker: brokerWithout(reason) });
    await fixture.pass(60_000);
    const matching = fixture.logged.filter((line) => line.includes(BROKER_DOWN_REASONS[reason]));
    t.is(matching.length, 1);
    t.regex(matching[0] ?? '', /no connection to mqtt:\/\/broker\.test: .* \(says the broker\)$/);
    t.true(fixture.connector.counters().downs[reason] > 3);
  });
}

test('the log never shows user and password', async (t) => {
  const settings = { url: 'mqtt://me:secret@broker.test:2883' };
  const fixture = await MqttFixture.start({ settings, broker: brokerWithout('unreachable') });
  t.true(fixture.logged.some((line) => line.includes('mqtt://broker.test:2883')));
  t.false(fixture.logged.some((line) => line.includes('secret')));
  t.like(fixture.broker.latest.options.address, {
    host: 'broker.test',
    port: 2883,
    user: 'me',
    password: 'secret',
  });
});

test('a broker without MQTT 5 is used with 3.1.1, unless the setting says 5', async (t) => {
  for (const [version, spoken] of [
    ['auto', [5, 4, 4]],
    ['5', [5, 5, 5]],
    ['3.1.1', [4, 4, 4]],
  ] as const) {
    const fixture = await MqttFixture.start({ settings: { version }, broker: brokerWithout('badVersion') });
    await fixture.pass(8000);
    t.deepEqual(
      fixture.broker.attempts.slice(0, 3).map(({ options }) => options.version),
      [...spoken],
    );
  }
});

test('the client id is derived from prefix and id, without characters that brokers reject', async (t) => {
  const fixture = await MqttFixture.start({ settings: { prefix: 'farm/a', id: 'north+1' } });
  t.is(fixture.broker.latest.options.clientId, 'farm-a-north%2B1');
});

test('files are read again at each attempt; a missing one is a failure reason', async (t) => {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'first\n');
  const settings = { user: 'me', passwordFile };
  const fixture = await MqttFixture.start({ settings });
  t.is(fixture.broker.latest.options.address.password, 'first');
  writeFileSync(passwordFile, 'second');
  fixture.broker.lose();
  await fixture.pass(2000);
  t.is(fixture.broker.latest.options.address.password, 'second');
  rmSync(passwordFile);
  fixture.broker.lose();
  await fixture.pass(2500);
  t.true(fixture.connector.counters().downs.badFiles > 0);
  t.true(fixture.logged.some((line) => line.includes('mqtt.password_file')));
});

test('a file that cannot be read at the start is an invalid setting', async (t) => {
  const settings = { caFile: join(folder, 'nowhere.pem') };
  const error = await t.throwsAsync(MqttFixture.make({ settings }));
  t.like(error, { code: 'BAD_CONFIG' });
  t.regex(error?.message ?? '', /mqtt\.ca_file = ".*nowhere\.pem": ENOENT/);
});

test('topics that the broker does not allow to be read are named in the log', async (t) => {
  const broker = new FakeBroker();
  broker.unreadable = ['farm/north/cmd/+'];
  const fixture = await MqttFixture.start({ broker });
  t.true(fixture.logged.some((line) => line.endsWith('does not allow this client to read farm/north/cmd/+')));
});

/** The status of another gateway with the same id. */
const OTHER = { state: 'online', instance: 'other', host: 'shed', pid: 77, version: '9.9.9', startedAt: 0 };

/** Another gateway connects and replaces our status with its own. */
function throwOut({ broker }: MqttFixture, reason: BrokerDownReason): void {
  broker.lose(reason);
  broker.retained.set(STATUS, JSON.stringify(OTHER));
}

test('a takeover reported by MQTT 5 is logged at once, with the other gateway’s name at the next connection', async (t) => {
  const fixture = await MqttFixture.start();
  throwOut(fixture, 'takenOver');
  await fixture.settle();
  t.true(fixture.connector.counters().isContested);
  t.true(fixture.logged.some((line) => /two gateways use the id north .* another client/.test(line)));
  await fixture.pass(40_000);
  const who = 'meshgate 9.9.9 on shed, process 77';
  t.true(fixture.logged.some((line) => line.includes(who)));
  const matching = fixture.broker.at('farm/north/event/traffic');
  t.true(matching.some(({ text }) => String(text).includes(who)));
  const [alarm] = fixture.mesh.hub.alarms.open();
  t.like(alarm, { id: 'ID_TAKEN', priority: 'medium', active: false, count: 2 });
  t.true(alarm?.text.includes(who));
});

test('with 3.1.1 it is reported when another status has replaced ours twice', async (t) => {
  const fixture = await MqttFixture.start({ settings: { version: '3.1.1' } });
  throwOut(fixture, 'closed');
  await fixture.pass(2000);
  t.false(fixture.connector.counters().isContested);
  throwOut(fixture, 'closed');
  await fixture.pass(4000);
  t.true(fixture.connector.counters().isContested);
  t.true(fixture.logged.some((line) => line.includes('meshgate 9.9.9 on shed, process 77')));
});

test('gateways that contest an id do not keep disconnecting each other', async (t) => {
  const fixture = await MqttFixture.start();
  for (let round = 0; round < 10; round++) {
    if (fixture.connector.counters().broker === 'up') throwOut(fixture, 'takenOver');
    await fixture.pass(60_000);
  }
  t.true(fixture.broker.attempts.length <= 6, `${fixture.broker.attempts.length} attempts in 10 minutes`);
});

test('the conflict is over when the other has been gone for 20 minutes', async (t) => {
  const fixture = await MqttFixture.start();
  throwOut(fixture, 'takenOver');
  await fixture.pass(40_000 + 1_200_000);
  t.false(fixture.connector.counters().isContested);
  t.is(fixture.connector.counters().broker, 'up');
});

test('the status of an earlier run, and our own will, are not a conflict', async (t) => {
  const broker = new FakeBroker();
  broker.retained.set(STATUS, JSON.stringify(OTHER));
  const fixture = await MqttFixture.start({ broker });
  for (let round = 0; round < 3; round++) {
    broker.lose();
    await fixture.pass(20_000);
  }
  broker.deliver(STATUS, 'nonsense');
  broker.deliver(STATUS, '{}');
  broker.deliver(STATUS, 'null');
  t.false(fixture.connector.counters().isContested);
  t.false(fixture.logged.some((line) => line.includes('two gateways')));
});

import test, { type ExecutionContext } from 'ava';
import type { BrokerDownReason } from '../../src/mqtt/broker.js';
import { BrokerClient, matches } from '../../src/mqtt/broker-client.js';
import { FakeBroker } from '../support/fake-broker.js';
import { ManualClock, settled } from '../support/manual-clock.js';

function open(broker: FakeBroker, clock = new ManualClock()) {
  const address = { host: 'broker.test', port: 1883, isSecure: false } as const;
  const none = { user: undefined, password: undefined, ca: undefined, cert: undefined, key: undefined };
  const options = () => ({ address: { ...address, ...none }, clientId: 'reader' });
  return BrokerClient.open({ openBroker: broker.open, options, clock });
}

function refusing(refusal: BrokerDownReason | 'silent'): FakeBroker {
  return Object.assign(new FakeBroker(), { refusal });
}

async function connected(t: ExecutionContext) {
  const broker = new FakeBroker();
  const clock = new ManualClock();
  const client = await open(broker, clock);
  t.teardown(() => client.close());
  return { broker, clock, client };
}

test('a broker that cannot be reached the first time is reported, and not retried', async (t) => {
  const broker = refusing('badCredentials');
  await t.throwsAsync(open(broker), { name: 'BrokerError' });
  t.is(broker.attempts.length, 1);
});

test('a broker that does not respond is given up after 10 s', async (t) => {
  const clock = new ManualClock();
  const opening = open(refusing('silent'), clock);
  const failed = t.throwsAsync(opening, { message: 'no answer within 10 s' });
  clock.advance(10_000);
  await failed;
});

test('a broker without MQTT 5 is retried with 3.1.1, once', async (t) => {
  const broker = refusing('badVersion');
  const clock = new ManualClock();
  const failed = t.throwsAsync(open(broker, clock));
  await settled();
  clock.advance(0);
  await failed;
  t.deepEqual(
    broker.attempts.map(({ options }) => options.version),
    [5, 4],
  );
});

test('subscriptions survive a lost connection', async (t) => {
  const { broker, clock, client } = await connected(t);
  const seen: string[] = [];
  const changes: boolean[] = [];
  client.onChange((isConnected) => changes.push(isConnected));
  await client.subscribe('farm/+/status', ({ topic }) => seen.push(topic));
  broker.lose();
  t.false(client.isConnected);
  await t.throwsAsync(
    client.subscribe('other', () => {}),
    { message: 'the connection is lost' },
  );
  clock.advance(1250);
  await settled();
  t.true(client.isConnected);
  t.deepEqual(changes, [false, true]);
  t.deepEqual([...broker.subscribed], ['farm/+/status']);
  broker.deliver('farm/north/status', {});
  t.deepEqual(seen, ['farm/north/status']);
});

test('a subscription that the broker refuses is reported, and not repeated', async (t) => {
  const { broker, client } = await connected(t);
  broker.unreadable = ['secret'];
  await t.throwsAsync(
    client.subscribe('secret', () => {}),
    { message: 'this user may not read secret' },
  );
});

test('a broker that does not answer a subscription is disconnected', async (t) => {
  const { broker, clock, client } = await connected(t);
  broker.answersSubscriptions = false;
  const failed = t.throwsAsync(
    client.subscribe('a', () => {}),
    { message: 'the connection is lost' },
  );
  clock.advance(30_000);
  await failed;
});

test('the last listener of a topic ends its subscription', async (t) => {
  const { broker, client } = await connected(t);
  const releases = [await client.subscribe('a', () => {}), await client.subscribe('a', () => {})];
  releases[0]?.();
  t.true(broker.subscribed.has('a'));
  releases[1]?.();
  t.false(broker.subscribed.has('a'));
});

test('a filter matches topics by its wildcards', (t) => {
  t.true(matches('a/+/c', 'a/b/c'));
  t.true(matches('a/#', 'a/b/c'));
  t.true(matches('a/#', 'a'));
  t.false(matches('a/+', 'a/b/c'));
  t.false(matches('a/b', 'a/c'));
});

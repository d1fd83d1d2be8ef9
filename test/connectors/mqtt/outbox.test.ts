import test from 'ava';
import { FakeBroker } from '../../support/fake-broker.js';
import { MqttFixture } from '../../support/mqtt-fixture.js';

const sequence = (value: number) => `00 05 44 01 00 ${value.toString(16).toUpperCase().padStart(2, '0')}`;

test('no more publications are unacknowledged than the broker allows', async (t) => {
  const broker = new FakeBroker();
  broker.limits = { receiveMaximum: 3, maximumPacketSize: 1_000_000 };
  const fixture = await MqttFixture.start({ broker });
  broker.hold();
  await fixture.say(...Array.from({ length: 50 }, (_, value) => sequence(value)));
  t.is(broker.waiting.length, 3);
  t.is(fixture.connector.counters().outbox.unacknowledged, 3);
  broker.release();
  await fixture.settle();
  t.is(fixture.connector.counters().outbox.unacknowledged, 0);
  t.is(fixture.connector.counters().events.behind, 0);
});

test('no more than 256 in any case', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.hold();
  await fixture.say(...Array.from({ length: 250 }, (_, value) => sequence(value)));
  t.is(fixture.broker.waiting.length, 256);
});

test('a slow broker gets the latest of each node, not the values in between', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(sequence(0));
  fixture.broker.hold();
  await fixture.say(...Array.from({ length: 300 }, (_, value) => sequence(value % 200)));
  const before = fixture.broker.at('farm/north/node/0x0005/Sequence/sequence').length;
  fixture.broker.release();
  await fixture.settle();
  const published = fixture.broker.at('farm/north/node/0x0005/Sequence/sequence');
  t.true(published.length - before <= 3, `${published.length - before} times`);
  t.is(fixture.broker.retained.get('farm/north/node/0x0005/Sequence/sequence'), '99');
});

test('a broker that acknowledges nothing for 30 s is disconnected and reconnected', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.hold();
  await fixture.say(sequence(1));
  await fixture.pass(25_000);
  t.is(fixture.connector.counters().broker, 'up');
  await fixture.pass(10_000);
  t.is(fixture.connector.counters().downs.ackTimeout, 1);
  fixture.broker.release();
  await fixture.pass(2000);
  t.is(fixture.connector.counters().broker, 'up');
  t.is(fixture.connector.counters().events.behind, 0);
  t.is(fixture.broker.attempts.length, 2);
});

test('a broker that is merely slow is kept', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.hold();
  await fixture.say(...Array.from({ length: 200 }, (_, value) => sequence(value)));
  for (let round = 0; round < 10; round++) {
    await fixture.pass(20_000);
    fixture.broker.acknowledge(1);
  }
  t.is(fixture.broker.attempts.length, 1);
});

test('a publication that the broker rejects is logged and counted', async (t) => {
  const fixture = await MqttFixture.start();
  fixture.broker.refuses = (topic) =>
    topic.endsWith('/robots') ? 'Publish error: Not authorized' : undefined;
  await fixture.mesh.hub.commands.execute({ kind: 'setRobots', robots: [] }, 'test');
  await fixture.settle();
  t.true(fixture.logged.some((line) => line.includes('rejected farm/north/event/robots: Publish error')));
  t.true(fixture.connector.counters().outbox.refused >= 1);
});

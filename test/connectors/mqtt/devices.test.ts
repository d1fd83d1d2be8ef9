import test from 'ava';
import { BenchSource, FIRST_SUPPLY } from '../../support/bench-source.js';
import { FakeBroker } from '../../support/fake-broker.js';
import { MqttFixture } from '../../support/mqtt-fixture.js';

const DEVICE = 'farm/north/device/hv:1';

async function openBench(options: Parameters<typeof MqttFixture.start>[0] = {}) {
  const fixture = await MqttFixture.start(options);
  const { hub, clock } = fixture.mesh;
  const bench = new BenchSource(hub, () => clock.now());
  bench.link('up');
  bench.report(1200);
  await fixture.settle();
  return { fixture, bench };
}

test('a device is retained with its values, and its fields have topics of their own', async (t) => {
  const { fixture, bench } = await openBench();
  const { broker } = fixture;
  const values = [{ type: 'Supply', device: 'hv:1', fields: { voltage: { value: 12, unit: 'V' } } }];
  t.like(broker.kept(DEVICE), { device: 'hv:1', status: 'active', values });
  t.is(broker.retained.get(`${DEVICE}/Supply/voltage`), '12');
  bench.link('absent');
  await fixture.settle();
  t.like(broker.kept(DEVICE), { status: 'unknown' });
});

test('events of a device have its id where those of a node have the address', async (t) => {
  const { fixture } = await openBench();
  const [value] = fixture.broker.at('farm/north/event/value/hv:1/Supply');
  t.like(value, { kind: 'value', value: { device: 'hv:1', node: FIRST_SUPPLY } });
  const changes = fixture.broker.at('farm/north/event/node/hv:1');
  t.deepEqual(
    changes.map(({ change, status }) => status ?? change),
    ['added', 'unheard', 'active'],
  );
});

test('the topics of a device become empty when its source closes', async (t) => {
  const { fixture, bench } = await openBench();
  bench.source.close();
  await fixture.settle();
  t.is(fixture.broker.retained.get(DEVICE), undefined);
  t.is(fixture.broker.retained.get(`${DEVICE}/Supply/voltage`), undefined);
});

test('retained topics of an earlier run are removed for a device that does not come back', async (t) => {
  const broker = new FakeBroker();
  const fixture = await MqttFixture.start({ broker });
  const values = [{ type: 'Supply', fields: { voltage: { value: 12 } } }];
  broker.deliver(
    'farm/north/device/hv:9',
    { address: FIRST_SUPPLY + 8, device: 'hv:9', values },
    { retain: true },
  );
  await fixture.pass(620_000, 10_000);
  for (const topic of ['farm/north/device/hv:9', 'farm/north/device/hv:9/Supply/voltage']) {
    t.true(
      broker.taken.some((taken) => taken.topic === topic && String(taken.payload) === ''),
      topic,
    );
  }
});

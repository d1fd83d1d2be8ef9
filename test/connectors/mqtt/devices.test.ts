import test from 'ava';
import { BenchSource, FIRST_SUPPLY } from '../../support/bench-source.js';
import { CAMERA, CommandedBench, FIRST_STAGE } from '../../support/commanded-bench.js';
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

test('the availability of a device is that of the link of its source', async (t) => {
  const { fixture, bench } = await openBench();
  const availability = () => fixture.broker.retained.get(`${DEVICE}/availability`);
  t.is(availability(), 'online');
  const before = fixture.broker.taken.length;
  bench.report(1210);
  await fixture.settle();
  t.false(fixture.broker.taken.slice(before).some(({ topic }) => topic.endsWith('/availability')));
  bench.link('backingOff');
  await fixture.settle();
  t.is(availability(), 'offline');
  t.like(fixture.broker.kept(DEVICE), { source: 'bench', alarms: ['LINK_LOST'], deviceAlarms: [] });
  bench.source.close();
  await fixture.settle();
  t.is(availability(), undefined);
});

test('alarms of a device are in its object with their own codes, and retained like others', async (t) => {
  const { fixture, bench } = await openBench();
  bench.source.raiseAlarm(FIRST_SUPPLY, { code: 'OVP', priority: 'high', text: 'over voltage' });
  await fixture.settle();
  t.like(fixture.broker.kept(DEVICE), {
    alarms: ['DEVICE_ALARM'],
    deviceAlarms: [
      { code: 'OVP', priority: 'high', text: 'over voltage', active: true, acknowledged: false },
    ],
  });
  const id = 'DEVICE_ALARM:hv:1:OVP';
  t.like(fixture.broker.kept(`farm/north/alarm/${id}`), { device: 'hv:1', deviceCode: 'OVP' });
  bench.source.clearAlarm(FIRST_SUPPLY, 'OVP');
  await fixture.command('acknowledge', { id });
  t.is(fixture.broker.kept(`farm/north/alarm/${id}`), undefined);
  t.like(fixture.broker.kept(DEVICE), { alarms: [], deviceAlarms: [] });
});

const IMAGE = 'farm/north/device/stage/Camera/image';
const PNG = Buffer.from('89504e470d0a1a0aff00', 'hex');

async function openCamera(settings: NonNullable<Parameters<typeof MqttFixture.start>[0]>['settings'] = {}) {
  const fixture = await MqttFixture.start({ settings: { imagesEveryMs: 2000, ...settings } });
  const { hub, clock } = fixture.mesh;
  const bench = new CommandedBench(hub, () => clock.now());
  bench.link('up');
  const images = () => fixture.broker.taken.filter(({ topic }) => topic === IMAGE);
  return { fixture, bench, images };
}

test('images are published as bytes with their media type, the newest once per interval', async (t) => {
  const { fixture, bench, images } = await openCamera();
  for (let shot = 0; shot < 40; shot++) {
    bench.source.report(FIRST_STAGE, CAMERA, Buffer.concat([PNG, Buffer.from([shot])]));
    await fixture.pass(100, 100);
  }
  t.is(images().length, 2);
  t.like(images()[1], { retain: true, contentType: 'image/png' });
  t.deepEqual(images()[1]?.payload, Buffer.concat([PNG, Buffer.from([39])]));
  t.like(fixture.broker.kept('farm/north/device/stage'), {
    images: [{ type: 'Camera', mediaType: 'image/png', bytes: 11 }],
  });
  await fixture.pass(10_000);
  t.is(images().length, 2, 'an image that has not changed is not published again');
  bench.source.close();
  await fixture.settle();
  t.false(fixture.broker.retained.has(IMAGE));
});

test('an image over the limit is counted, and not published', async (t) => {
  const { fixture, bench, images } = await openCamera({ maxImageBytes: 9 });
  bench.source.report(FIRST_STAGE, CAMERA, PNG);
  await fixture.pass(4000);
  t.is(images().length, 0);
  t.like(fixture.connector.counters(), { images: { published: 0, tooLarge: 1 } });
  t.deepEqual(fixture.broker.kept('farm/north/device/stage')?.images, []);
});

test('images are off unless an interval is set, and those of an earlier run are removed', async (t) => {
  const { fixture, bench } = await openCamera();
  bench.source.report(FIRST_STAGE, CAMERA, PNG);
  await fixture.pass(2000);
  const { broker } = fixture;
  t.true(broker.retained.has(IMAGE));
  broker.lose();
  const later = await MqttFixture.start({ broker });
  const { hub, clock } = later.mesh;
  const again = new CommandedBench(hub, () => clock.now());
  again.link('up');
  again.source.report(FIRST_STAGE, CAMERA, PNG);
  await later.pass(12_000);
  t.false(broker.retained.has(IMAGE));
  t.false('images' in (broker.kept('farm/north/device/stage') ?? {}));
});

test('everything that an earlier run retained for a device is removed when it does not come back, also without a root', async (t) => {
  const { fixture, bench } = await openCamera();
  bench.source.report(FIRST_STAGE, CAMERA, PNG);
  await fixture.pass(2000);
  const { broker } = fixture;
  broker.lose();
  const later = await MqttFixture.start({ broker });
  later.mesh.link('backingOff');
  await later.pass(620_000, 10_000);
  t.deepEqual(
    [...broker.retained.keys()].filter((topic) => topic.startsWith('farm/north/device/')),
    [],
  );
});

import { inflateSync } from 'node:zlib';
import test from 'ava';
import { valueAt } from '../../../src/config/given.js';
import { thermalPicture } from '../../../src/devices/demo/thermal-picture.js';
import { VirtualSupply } from '../../../src/devices/demo/virtual-supply.js';
import { addressOfId } from '../../../src/devices/identity.js';
import { loadConfig, withDemoDevice } from '../../../src/gateway/settings.js';
import { InstrumentFixture } from '../../support/instrument-fixture.js';

const TOML = '[[device]]\nid = "dmm"\nkind = "demo"\n';

async function start(): Promise<InstrumentFixture> {
  const fixture = await InstrumentFixture.load(TOML);
  fixture.devices[0]?.start();
  return fixture;
}

const supply = (fixture: InstrumentFixture) =>
  fixture.latest('DemoSupply') as Record<string, { value: number; name?: string }>;

test('it reports voltage, current, temperature and a state with a name, and an image', async (t) => {
  const fixture = await start();
  t.is(fixture.status, 'active');
  await fixture.pass(5000);
  t.like(supply(fixture), {
    voltage: { value: 12, unit: 'V' },
    state: { value: 1, name: 'CONSTANT_VOLTAGE' },
  });
  const [image] = fixture.mesh.hub.picture.findDevice(addressOfId('dmm'))?.media ?? [];
  t.is(image?.type.latestOnly?.mediaType, 'image/png');
  t.like(fixture.counters, { values: 6, pictures: 2 });
});

test('set-voltage is completed at once, and its limits are checked by the hub', async (t) => {
  const fixture = await start();
  const id = await fixture.command('set-voltage', { voltage: 5 });
  t.deepEqual(fixture.stages(id), ['queued', 'accepted', 'completed']);
  await fixture.pass(1000);
  t.is(supply(fixture).voltage?.value, 5);
});

test('a ramp takes its time, tells its progress, and can be aborted halfway', async (t) => {
  const fixture = await start();
  const whole = await fixture.command('ramp', { voltage: 20, seconds: 4 });
  await fixture.pass(2000);
  t.like(fixture.mesh.hub.commands.findDelivery(whole), { stage: 'progress', progress: { fraction: 0.5 } });
  await fixture.pass(2000);
  t.is(fixture.stages(whole).at(-1), 'completed');
  const half = await fixture.command('ramp', { voltage: 0, seconds: 10 });
  await fixture.pass(5000);
  fixture.mesh.hub.commands.abort(half);
  t.is(fixture.stages(half).at(-1), 'aborted');
  await fixture.pass(20_000);
  t.is(supply(fixture).voltage?.value, 10);
});

test('another command ends a ramp, and reset returns to the start', async (t) => {
  const fixture = await start();
  const ramp = await fixture.command('ramp', { voltage: 30, seconds: 10 });
  await fixture.pass(1000);
  const reset = await fixture.command('reset');
  t.like(fixture.mesh.hub.commands.findDelivery(ramp), { stage: 'failed', failure: 'rejectedByDevice' });
  t.deepEqual(fixture.mesh.hub.commands.findDelivery(reset)?.result, { voltage: 12 });
});

test('now and then it is too hot: an alarm that ends by itself', async (t) => {
  const fixture = await start();
  await fixture.pass(170_000);
  t.true(fixture.alarms.includes('DEVICE_ALARM:dmm:OVER_TEMPERATURE'));
  t.is(supply(fixture).state?.name, 'OVERHEATED');
  await fixture.pass(130_000);
  t.true(fixture.alarms.includes('DEVICE_ALARM:dmm:OVER_TEMPERATURE (over)'));
});

test('without voltage it is off and cools down', (t) => {
  const virtual = new VirtualSupply(() => 0.5);
  virtual.set(0);
  virtual.advance(600);
  t.like(virtual.measure(), { voltage: 0, current: 0, state: 0 });
  t.true(virtual.measure().temperature < 23);
});

test('the picture is a PNG of 48 × 32 pixels whose data can be read', (t) => {
  const png = thermalPicture(60, 0.25);
  t.is(png.subarray(0, 8).toString('hex'), '89504e470d0a1a0a');
  t.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [48, 32]);
  const at = png.indexOf('IDAT');
  const pixels = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  t.is(pixels.length, 32 * (1 + 48 * 3));
  t.true(png.length < 16_384);
});

test('--demo adds the device bench to those of the settings, unless they have one of this kind', (t) => {
  const ids = (given: Record<string, unknown>) =>
    (valueAt(withDemoDevice(loadConfig(given, undefined, {})), ['device']) as { id: string }[]).map(
      ({ id }) => id,
    );
  t.deepEqual(ids({}), ['bench']);
  t.deepEqual(ids({ device: [{ id: 'psu', kind: 'lines', port: '/dev/ttyS9' }] }), ['psu', 'bench']);
  t.deepEqual(ids({ device: [{ id: 'mine', kind: 'demo' }] }), ['mine']);
});

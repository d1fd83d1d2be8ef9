/** A second, made-up source beside the mesh, on every interface of a complete gateway. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ClassicClient, connect } from '../../src/client/index.js';
import { AedesBroker } from '../support/aedes-broker.js';
import { BenchSource, FIRST_SUPPLY } from '../support/bench-source.js';
import { browserTest, findViolations, openPage } from '../support/browser.js';
import { goTo } from '../support/dashboard-fixture.js';
import {
  type FixtureOptions,
  type GatewayFixture,
  startGateway,
  temporaryFolder,
} from '../support/gateway-fixture.js';
import { MqttWatcher } from '../support/mqtt-client.js';
import { killProcesses, MeshgateProcess } from '../support/process-fixture.js';
import { runHere } from '../support/run-here.js';

test.after.always(killProcesses);

/** A gateway with the supplies `hv:1` and `hv:2`; the first has reported 12 V. */
async function startBench(t: ExecutionContext, options: FixtureOptions = {}) {
  const fixture = await startGateway(options);
  t.teardown(() => fixture.close());
  const bench = new BenchSource(fixture.hub, Date.now, 2);
  bench.link('up');
  bench.report(1200);
  return { ...fixture, bench };
}

function command({ socketPath }: Pick<GatewayFixture, 'socketPath'>, ...args: readonly string[]) {
  return runHere([...args, '--socket', socketPath]);
}

test('a session sees its devices, their values, and their changes', async (t) => {
  const { socketPath, bench } = await startBench(t);
  const client = await connect({ socket: socketPath });
  t.teardown(() => client.close());
  t.like(await client.devices(), { devices: [{ id: 'hv:1', status: 'active' }, { id: 'hv:2' }] });
  const events = client.subscribe({ nodes: ['hv:2'], kinds: ['value'] })[Symbol.asyncIterator]();
  const next = events.next();
  await client.call('hello', {});
  bench.report(500, FIRST_SUPPLY + 1);
  const { value } = await next;
  t.like(value, { kind: 'value', value: { device: 'hv:2', fields: { voltage: { value: 5, unit: 'V' } } } });
  await events.return?.();
});

test('the command line lists types and shows devices by id', async (t) => {
  const fixture = await startBench(t);
  const devices = await command(fixture, 'devices');
  t.regex(devices.stdout, /^hv:1 +bench +active +.*Supply 12 V$/m);
  t.regex(devices.stdout, /^hv:2 +bench +unheard +never +/m);
  const get = await command(fixture, 'get', 'Supply', 'hv:1');
  t.regex(get.stdout, /^NODE +VOLTAGE \[V\].*\nhv:1 +12 /m);
  t.regex(
    (await command(fixture, 'get', 'Supply', 'hv:1', '--bucket', '1h')).stdout,
    /^hv:1 .*voltage \[V\] +12 /m,
  );
  t.regex((await command(fixture, 'node', 'hv:1')).stdout, /^hv:1 +active$/m);
  const exported = await command(fixture, 'export', '--type', 'Supply');
  t.regex(exported.stdout, /^hv:1,hv:1,Supply,.*,04b0,12\r$/m);
  const nodes = await command(fixture, 'nodes', '--json');
  t.deepEqual(JSON.parse(nodes.stdout), { nodes: [] });
  const refused = await command(fixture, 'send', 'hv:1', 'hello');
  t.regex(refused.stderr, /hv:1 is a device/);
});

test('watch shows the values of a device at once, with its id', async (t) => {
  const { socketPath, bench } = await startBench(t);
  const watch = new MeshgateProcess(['watch', '--node', 'hv:1', '--snapshot', '--socket', socketPath]);
  await watch.printed(/meshgate +now/);
  bench.report(1250);
  await watch.printed(/hv:1 +value +Supply 12\.5 V/);
  bench.link('absent');
  await watch.printed(/hv:1 +device +is unknown/);
  t.is((await watch.stop()).stderr, '');
});

test('after a restart its values are restored when the source is back, and its history is available all the time', async (t) => {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const state = join(folder.path, 'state');
  const first = await startGateway({ state });
  const bench = new BenchSource(first.hub);
  bench.link('up');
  bench.report(1200);
  bench.link('absent');
  bench.source.close();
  await first.close();

  const second = await startGateway({ state });
  t.teardown(() => second.close());
  const client = await connect({ socket: second.socketPath });
  t.teardown(() => client.close());
  t.deepEqual((await client.devices()).devices, []);
  t.like(await client.call('export', { node: 'hv:1' }), { values: [{ device: 'hv:1', bytes: '04b0' }] });
  const again = new BenchSource(second.hub);
  const [device] = (await client.devices()).devices;
  t.like(device, { id: 'hv:1', restored: true, status: 'unknown' });
  t.like(device?.values[0], { type: 'Supply', fields: { voltage: { value: 12 } } });
  again.link('up');
  again.report(1300);
  const { values } = await client.range({ type: 'Supply', node: 'hv:1' });
  t.deepEqual(
    values.map(({ fields }) => fields.voltage?.value),
    [12, 13],
  );
});

test('MQTT retains its devices, and publishes their values as events', async (t) => {
  const broker = await AedesBroker.start();
  const watcher = await MqttWatcher.connect(broker.url, ['#']);
  const mqtt = { url: broker.url, id: 'north', prefix: 'farm' };
  const fixture = await startGateway({ settings: { mqtt } });
  t.teardown(async () => {
    await fixture.close();
    await watcher.close();
    await broker.vanish();
  });
  const bench = new BenchSource(fixture.hub);
  bench.link('up');
  bench.report(1200);
  const voltage = 'farm/north/device/hv:1/Supply/voltage';
  t.is(await watcher.until(() => watcher.at<number>(voltage)), 12);
  const event = await watcher.until(() => watcher.at('farm/north/event/value/hv:1/Supply'));
  t.like(event, { value: { device: 'hv:1' } });
  bench.source.close();
  await watcher.until(() => watcher.received.some(({ topic, text }) => topic === voltage && text === ''));
});

test('programs of the classic dialect see none of it', async (t) => {
  const { socketPath } = await startBench(t, { link: 'absent' });
  const client = new ClassicClient(socketPath);
  t.teardown(() => client.close());
  t.like(JSON.parse(String(await client.command('NINFO'))), { nodes: [], node_amount: 0 });
});

browserTest('the page Devices lists them, and their values update live', async (t) => {
  const { webHost, bench, hub } = await startBench(t, { web: true });
  const page = await openPage(t, `http://${webHost}/`);
  await goTo(page, 'Devices');
  const card = (device: string) =>
    page.getByRole('list', { name: 'Devices' }).locator(`[data-device="${device}"]`);
  await card('hv:1').getByText('12 V', { exact: true }).waitFor();
  await card('hv:1').getByText('active', { exact: true }).waitFor();
  await card('hv:2').getByText('unheard').first().waitFor();
  bench.report(1250);
  await card('hv:1').getByText('12.5 V', { exact: true }).waitFor();
  t.deepEqual(await findViolations(page), []);
  const other = hub.openSource({ name: 'late', kind: 'bench' });
  other.addDevice(0x20000, 'daq:1');
  await card('daq:1').waitFor();
  bench.source.close();
  await card('hv:1').waitFor({ state: 'detached' });
});

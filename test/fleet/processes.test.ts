import { join } from 'node:path';
import test from 'ava';
import { browserTest, openPage } from '../support/browser.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { hasMosquitto, Mosquitto, stopBrokers } from '../support/mosquitto.js';
import { MqttWatcher } from '../support/mqtt-client.js';
import {
  killProcesses,
  MeshgateProcess,
  type RunningGateway,
  runToEnd,
  startProcess,
} from '../support/process-fixture.js';
import { runHere } from '../support/run-here.js';

const brokerTest = hasMosquitto ? test.serial : test.skip;
const FIELDS = ['field-north', 'field-south', 'field-west'] as const;
const folder = temporaryFolder();
const gateways = new Map<string, RunningGateway>();
let broker: Mosquitto;

/** Three gateway processes with a virtual mesh each, one broker. */
test.before(async () => {
  if (!hasMosquitto) return;
  broker = await Mosquitto.start();
  const watcher = await MqttWatcher.connect(broker.url, ['meshgate/+/node/+']);
  await Promise.all(
    FIELDS.map(async (id, index) => {
      const place = ['--socket', join(folder.path, id), '--http', 'off'];
      const mesh = ['--simulate', '--nodes', '3', '--seed', String(index + 5)];
      const env = { MESHGATE_MQTT_ID: id };
      gateways.set(id, await startProcess([...mesh, ...place, '--mqtt', broker.url], env));
    }),
  );
  for (const id of FIELDS) {
    await watcher.until(
      () => watcher.at<{ status: string }>(`meshgate/${id}/node/0x0007`)?.status === 'active',
    );
  }
  await watcher.close();
});

test.after.always(async () => {
  await killProcesses();
  await stopBrokers();
  folder.remove();
});

/** In a process of its own. */
const run = (...args: string[]) => runToEnd(['--fleet', broker.url, ...args]);
/** In this process. */
const here = (...args: string[]) => runHere(['--fleet', broker.url, ...args]);

brokerTest('commands query all gateways, and name nodes with their gateway', async (t) => {
  const nodes = await run('nodes');
  t.is(nodes.code, 0, nodes.stderr);
  for (const id of FIELDS) t.regex(nodes.stdout, new RegExp(`^${id}/0x0005 +Node-5 +active`, 'm'));
  const values = await here('get', 'GPS', '--json');
  t.deepEqual(Object.keys(JSON.parse(values.stdout)), [...FIELDS]);
  const status = await here('status');
  for (const id of FIELDS) t.regex(status.stdout, new RegExp(`^id +${id}$`, 'm'));
  t.regex((await here('gateways')).stdout, /^field-west +online/m);
});

brokerTest('a node named with its gateway is sent to and pinged there', async (t) => {
  const sent = await run('send', 'field-south/0x0005', '--hex', '45010a', '--wait', '--timeout', '20');
  t.is(sent.code, 0, sent.stderr);
  t.regex(sent.stdout, /^45010a to field-south\/0x0005: answered in /m);
  const pinged = await here('ping', 'field-west/5', '-c', '1', '--timeout', '20');
  t.is(pinged.code, 0, pinged.stderr);
  t.regex(pinged.stdout, /^field-west\/0x0005 +Node-5 +1 +1 /m);
  t.notRegex(pinged.stdout, /field-north/);
});

brokerTest('commands for one gateway, or not for a fleet, are refused', async (t) => {
  for (const args of [['send', '5', 'hi'], ['clean', '--yes'], ['doctor'], ['start', '--simulate']]) {
    const { code, stdout } = await here(...args);
    t.is(code, 2, args.join(' '));
    t.is(stdout, '');
  }
  t.is((await here('nodes', '--gateway', 'nowhere')).code, 3);
  t.regex((await here('send', '5', 'hi')).stderr, /send works on one gateway, .*\n.*field-north\/0x0005/);
  const reset = await here('reset-root');
  t.regex(reset.stderr, /reset-root works on one gateway, .*\n.*--gateway ID;/);
  t.regex((await here('reset-root', '--gateway', 'field-west')).stderr, /field-west: .*mqtt\.commands/);
});

brokerTest('watch streams from all at once', async (t) => {
  const watching = new MeshgateProcess(['--fleet', broker.url, 'watch', '--kind', 'value', '--json']);
  for (const id of FIELDS)
    await watching.printed(new RegExp(`^\\{"gateway":"${id}","seq":\\d+,.*"kind":"value"`, 'm'));
  t.is((await watching.stop()).code, 0);
});

browserTest(
  'the dashboard shows three gateways, and each on pages of its own',
  async (t) => {
    const monitor = new MeshgateProcess(['--fleet', broker.url, 'monitor', '--http', '127.0.0.1:0']);
    const [, url = ''] = await monitor.printed(/dashboard of 3 gateways: (\S+)/);
    const page = await openPage(t, url);
    for (const id of FIELDS) await page.getByRole('row', { name: id }).getByText('online').waitFor();
    await page.getByText('3 of 3 online, 9 nodes').waitFor();
    await page.getByRole('link', { name: 'field-south' }).click();
    await page.getByRole('row', { name: 'Node-5' }).getByText('active', { exact: true }).waitFor();
    await page.getByRole('combobox', { name: 'Gateway' }).selectOption('field-west');
    await page.waitForURL(/gateway=field-west/);
    await page.getByRole('row', { name: 'Node-5' }).getByText('active', { exact: true }).waitFor();
    t.is(await page.getByRole('combobox', { name: 'Gateway' }).inputValue(), 'field-west');
    // An open page tries to reconnect, in vain, and shows it.
    await page.close();
    await monitor.stop();
  },
  { isPossible: hasMosquitto },
);

brokerTest('a gateway that is killed is named, and the others continue', async (t) => {
  const watcher = await MqttWatcher.connect(broker.url, ['meshgate/field-south/status']);
  await gateways.get('field-south')?.stop('SIGKILL');
  await watcher.until(() => watcher.at('meshgate/field-south/status')?.state === 'offline');
  await watcher.close();
  const nodes = await run('nodes');
  t.is(nodes.code, 0, nodes.stderr);
  t.regex(nodes.stderr, /field-south is offline/);
  t.notRegex(nodes.stdout, /field-south/);
  t.regex(nodes.stdout, /field-north\/0x0005/);
  t.is((await here('node', 'field-south/5')).code, 3);
});

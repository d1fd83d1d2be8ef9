import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../src/base/package-root.js';
import { SERVICE_DIRECTORY, SOCKET_FILE_NAME } from '../src/base/socket-location.js';
import { EXIT } from '../src/cli/exit-codes.js';
import { manifestMetrics } from '../src/gateway/manifests.js';
import { loadConfig } from '../src/gateway/settings.js';
import { KNOWN_BRIDGES } from '../src/link/port-choice.js';
import { metricDefinitions } from '../src/socket/web/metrics/metrics.js';
import { temporaryFolder } from './support/gateway-fixture.js';
import { MeshgateProcess } from './support/process-fixture.js';

const path = (name: string) => join(packageRoot, 'packaging', name);
const read = (name: string) => readFileSync(path(name), 'utf8');

/** The values of a key of a unit, in order. */
function valuesOf(unit: string, key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
/** systemd checks that the programs of a unit exist. */
const systemdTest = hasSystemd ? test : test.skip;

systemdTest('systemd finds nothing wrong with the units', (t) => {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const units = ['meshgate.service', 'meshgate.socket'].map((name) => join(folder.path, name));
  copyFileSync(path('meshgate.service'), units[0] ?? '');
  copyFileSync(path('meshgate.socket'), units[1] ?? '');
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' });
  t.is(status, 0, stderr);
  t.false(stderr.includes(folder.path), stderr);
});

test('the socket unit opens the socket where clients look for it', (t) => {
  t.deepEqual(valuesOf(read('meshgate.socket'), 'ListenStream'), [join(SERVICE_DIRECTORY, SOCKET_FILE_NAME)]);
});

test('the service sets up the watchdog, the notifications and the reload that the gateway supports', (t) => {
  const unit = read('meshgate.service');
  t.deepEqual(valuesOf(unit, 'Type'), ['notify']);
  t.deepEqual(valuesOf(unit, 'NotifyAccess'), ['all'], 'systemd-notify is a child of the gateway');
  t.true(Number(valuesOf(unit, 'WatchdogSec')[0]) >= 60, 'every time a program is run');
  t.deepEqual(valuesOf(unit, 'ExecReload'), ['/bin/kill -HUP $MAINPID']);
  t.deepEqual(valuesOf(unit, 'RuntimeDirectory'), [], 'it would be removed with the socket in it');
});

test('errors that a restart cannot fix cause no restart', (t) => {
  const codes = valuesOf(read('meshgate.service'), 'RestartPreventExitStatus')[0]?.split(' ').map(Number);
  t.deepEqual(codes, [EXIT.badUsage, EXIT.badConfig, EXIT.taken]);
});

test('the service accounts are those named in its units', (t) => {
  const accounts = read('meshgate.sysusers');
  const unit = read('meshgate.service');
  for (const user of valuesOf(unit, 'User')) t.regex(accounts, new RegExp(`^u ${user} `, 'm'));
  t.deepEqual(valuesOf(unit, 'User'), valuesOf(unit, 'Group'));
  const groups = valuesOf(unit, 'SupplementaryGroups')[0]?.split(' ') ?? [];
  t.deepEqual(groups, ['dialout', 'meshgate-users']);
  for (const group of groups) t.regex(accounts, new RegExp(`^m meshgate ${group}$`, 'm'));
  t.deepEqual(valuesOf(read('meshgate.socket'), 'SocketGroup'), ['meshgate-users']);
});

test('the settings of the service are valid', (t) => {
  const config = loadConfig({}, path('meshgate.toml'), {});
  t.is(config.port, '/dev/meshgate');
  t.deepEqual(config.http.listen, { host: '127.0.0.1', port: 7654 });
  const variable = valuesOf(read('meshgate.service'), 'Environment').find((each) => each.includes('CONFIG'));
  t.is(variable, 'MESHGATE_CONFIG=/etc/meshgate/meshgate.toml');
});

test('the udev rule knows the bridges that the gateway knows', (t) => {
  const found = read('60-meshgate.rules').matchAll(/idVendor\}=="(\w+)", ATTRS\{idProduct\}=="(\w+)"/g);
  t.deepEqual(
    [...found].map(([, vendor, product]) => `${vendor}:${product}`),
    Object.keys(KNOWN_BRIDGES),
  );
});

/** Metrics that an expression uses, each with the labels in its braces. */
function metricsIn(text: string): { name: string; labels: string[] }[] {
  return [...text.matchAll(/\b((?:meshgate|process|nodejs)_[a-z_]+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', braces = '']) => ({
      name: name.replace(/_(bucket|sum|count)$/, ''),
      labels: [...braces.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label),
    }),
  );
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

test('the Grafana dashboard queries metrics that a gateway exposes, by labels that they have', async (t) => {
  const folder = temporaryFolder();
  const gateway = new MeshgateProcess(
    ['start', '--simulate', '--nodes', '1', '--http', '127.0.0.1:0', '--socket', join(folder.path, 'socket')],
    { XDG_STATE_HOME: folder.path },
  );
  t.teardown(async () => {
    await gateway.stop();
    folder.remove();
  });
  const [, url = ''] = await gateway.printed(/(http:\S+)/);
  const exposed = await (await fetch(new URL('/metrics', url))).text();
  const known = new Map(metricDefinitions(manifestMetrics).map((metric) => [metric.name, metric]));
  const { panels } = JSON.parse(read('grafana/meshgate.json')) as Dashboard;
  t.true(panels.length >= 15);
  for (const { title, targets } of panels) {
    for (const { expr, legendFormat } of targets) {
      const [metric] = metricsIn(expr);
      t.truthy(metric, title);
      const { name = '', labels = [] } = metric ?? {};
      // Without a broker the metrics of the connector are not exposed.
      if (!name.startsWith('meshgate_mqtt_'))
        t.true(exposed.includes(`# TYPE ${name} `), `${title}: ${name}`);
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      const own = [...labels, ...shown].filter((label) => label !== 'instance');
      if (name.startsWith('meshgate_')) {
        t.deepEqual(
          own.filter((label) => !known.get(name)?.labels.includes(label)),
          [],
          `${title}: ${name}`,
        );
      } else t.deepEqual(own, []);
    }
  }
});

test('alert rules query existing metrics, by labels that they have', (t) => {
  const known = new Map(metricDefinitions(manifestMetrics).map((metric) => [metric.name, metric]));
  const asked = [...read('meshgate-alerts.yml').matchAll(/\b(meshgate_[a-z_]+)(?:\{(\w+)=)?/g)];
  t.true(asked.length >= 9);
  for (const [, name = '', label] of asked) {
    const metric = known.get(name) ?? known.get(name.replace(/_(bucket|sum|count)$/, ''));
    t.truthy(metric, name);
    if (label) t.true(metric?.labels.includes(label), `${name} ${label}`);
  }
});

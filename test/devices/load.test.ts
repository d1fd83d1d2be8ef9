import test from 'ava';
import * as z from 'zod';
import { createLog } from '../../src/base/log.js';
import { secret, section, text, whole } from '../../src/config/fields.js';
import { loadConfig, secretSettings, settingNames } from '../../src/config/load.js';
import { type Device, type DeviceOptions, defineDevice } from '../../src/devices/device.js';
import { loadDevices } from '../../src/devices/load.js';
import { describeCounters } from '../../src/socket/web/metrics/counter-metrics.js';
import { NetworkFixture } from '../support/network-fixture.js';

function idleDevice(name: string, { hub }: Pick<DeviceOptions, 'hub'>): Device {
  const source = hub.openSource({ name, kind: 'idle', counters: () => ({ many: { [name]: { lines: 7 } } }) });
  return { name, start: () => {}, stop: async () => source.close() };
}

/** A kind with a table, `[one]`. */
const one = defineDevice({
  name: 'one',
  settings: section({ host: text('must be a host').optional(), port: whole(1, 65_535).default(7) }),
  create: async ({ host }, options) => (host === undefined ? undefined : [idleDevice(host, options)]),
});

/** A kind with a list of tables, `[[many]]`. */
const many = defineDevice({
  name: 'many',
  settings: z.array(
    section({ id: text('must be an id'), password: secret(text('must be text').optional()) }),
  ),
  create: async (tables, options) => tables.map(({ id }) => idleDevice(id, options)),
});

const SECTIONS = { one: one.settings, many: many.settings };

async function load(flags: Record<string, unknown>) {
  const { hub, clock } = await NetworkFixture.up({ refreshEveryMs: 0 });
  const config = loadConfig({ flags, env: {} }, SECTIONS);
  const logOf = (room: string) => createLog(room, () => {}, clock);
  const none = () => async () => Promise.reject(new Error('there is no link'));
  const links = { serial: none, tcp: none, record: none };
  const options = { hub, clock, logOf, links, stateDirectory: undefined, random: () => 0 };
  return { hub, devices: await loadDevices(config, options, [one, many]) };
}

test('a table makes one source, a list one for each table, and nothing is loaded that is not configured', async (t) => {
  t.deepEqual((await load({})).devices, []);
  const { devices } = await load({ one: { host: 'a' }, many: [{ id: 'b' }, { id: 'c' }] });
  t.deepEqual(
    devices.map(({ name }) => name),
    ['a', 'b', 'c'],
  );
});

test('the sources of one manifest share a group of counters, and a metric with a label', async (t) => {
  const { hub } = await load({ many: [{ id: 'b' }, { id: 'c' }] });
  const { many: group } = hub.counters() as unknown as { many: unknown };
  t.deepEqual(group, { b: { lines: 7 }, c: { lines: 7 } });
  const row = { place: 'many.*.lines', name: 'many_lines_total', help: 'Lines', label: 'device' };
  const [metric] = describeCounters({ many: group }, [row]);
  t.like(metric, { name: 'meshgate_many_lines_total', labels: ['device'] });
  t.deepEqual(metric?.samples, [
    { labels: { device: 'b' }, value: 7 },
    { labels: { device: 'c' }, value: 7 },
  ]);
});

test('a list is a setting of the file only', (t) => {
  t.true(settingNames(SECTIONS).includes('many'));
  t.true(settingNames(SECTIONS).includes('one.port'));
  const flags = {};
  t.throws(() => loadConfig({ flags, env: { MESHGATE_MANY: '[]' } }, SECTIONS), {
    code: 'BAD_CONFIG',
    message: 'MESHGATE_MANY: many can be set only in the file',
  });
});

test('an error names the table of a list by its position, and no secret of it is printed', (t) => {
  t.deepEqual(
    secretSettings(SECTIONS).filter((name) => name.startsWith('many')),
    ['many.*.password'],
  );
  const load = (many: unknown) => () => loadConfig({ flags: { many }, env: {} }, SECTIONS);
  t.throws(load([{ id: 'b' }, { id: 7 }]), {
    message: 'many.1.id = 7: must be an id (given on the command line)',
  });
  t.throws(load([{ id: 'b', password: 1234 }]), {
    message: 'many.0.password: must be text (given on the command line)',
  });
  t.throws(load([{ id: 'b', port: 1 }]), { message: /^many\.0\.port: unknown setting/ });
});

/** `get` on the history: the real command against a store of an earlier run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fillStore, type StoredValue, temperature } from '../support/filled-store.js';
import { killProcesses, runToEnd, startProcess } from '../support/process-fixture.js';
import { runHere } from '../support/run-here.js';

const folder = mkdtempSync(join(tmpdir(), 'mg-past-'));
const SOCKET = join(folder, 's');

/** An hour ago, on a full second. */
/** On a half hour: the minute after it is in one bucket of an hour, in every time zone. */
const HALF_HOUR = 1_800_000;
const BEGIN = Math.floor(Date.now() / HALF_HOUR) * HALF_HOUR - 2 * HALF_HOUR;
/** Two a second; more than a page. */
const TEMPERATURES = 5000;

const ENV = { MESHGATE_SOCKET: SOCKET };
const meshgate = (...args: string[]) => runHere(args, ENV);

function* history(): Generator<StoredValue> {
  for (let index = 0; index < TEMPERATURES; index++) yield temperature(5, BEGIN + index * 500, index);
  yield temperature(6, BEGIN + 2500, 1);
  // Of a node that is no longer known.
  yield temperature(9, BEGIN, 100);
  yield temperature(9, BEGIN + 60_000, 300);
}

test.before(async () => {
  const state = join(folder, 'state');
  await fillStore(state, { values: history(), knownNodes: [5, 6] });
  const port = ['--port', join(folder, 'no-tty')];
  await startProcess([...port, '--http', 'off', '--socket', SOCKET, '--state', state]);
});

test.after.always(async () => {
  await killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

const iso = (at: number) => new Date(at).toISOString();

test.serial('get reads stored values, of forgotten nodes too, with a node and without', async (t) => {
  const past = async (...args: string[]) => {
    const { code, stdout, stderr } = await meshgate('get', 'Temperature', ...args, '--json');
    t.is(code, 0, stderr);
    return (JSON.parse(stdout) as { values: { node: number; fields: object; name?: string }[] }).values;
  };
  const minute = iso(BEGIN + 60_000);
  t.deepEqual(
    (await past('--at', minute)).map(({ node }) => node),
    [5, 6, 9],
  );
  t.like(await past('9', '--at', minute), { 0: { fields: { temperature: { value: 3 } } }, length: 1 });
  t.is((await past('node-9', '--from', iso(BEGIN), '--to', minute)).length, 2);
  const all = await past('--from', iso(BEGIN), '--to', minute);
  t.deepEqual([...new Set(all.map(({ node }) => node))], [5, 6, 9]);
  t.is(all.length, 121 + 1 + 2);
  t.false('name' in (all[0] ?? {}), 'as range returns them');
});

test.serial('get --bucket aggregates by time range, for every node that has values', async (t) => {
  const args = ['get', 'temperature', '--bucket', '1h', '--from', iso(BEGIN), '--to', iso(BEGIN + 2_500_000)];
  const { code, stdout } = await runToEnd(args, ENV);
  t.is(code, 0);
  t.regex(stdout, /^NODE +FROM +FIELD +MIN +MEAN +MAX +LAST +VALUES$/m);
  t.regex(stdout, /^0x0009 +\S+ \S+ +temperature \[°C\] +1\.00 +2\.000 +3\.00 +3\.00 +2$/m);
  const json = JSON.parse((await meshgate(...args, '--json')).stdout) as {
    bucketMs: number;
    buckets: { node: number; count: number }[];
  };
  t.is(json.bucketMs, 3_600_000);
  const ofFive = json.buckets.filter(({ node }) => node === 5);
  t.is(
    ofFive.reduce((sum, { count }) => sum + count, 0),
    TEMPERATURES,
  );
  t.is((await meshgate('get', 'Temperature', '9', '--bucket', '1d')).code, 0);
  const none = await meshgate('get', 'Temperature', '--bucket', '1m', '--from', '10s');
  t.is(none.stdout, 'No numeric values.\n');
});

for (const [args, text] of [
  ['--bucket 0s', /not a valid duration/],
  ['--bucket soon', /not a valid duration/],
  ['--bucket 1h --at 1h', /cannot be used with/],
  ['--bucket 1s --from 10d', /more than 10000 buckets/],
] as const) {
  test.serial(`get Temperature ${args} exits with 2`, async (t) => {
    const { code, stderr } = await meshgate('get', 'Temperature', '5', ...args.split(' '));
    t.is(code, 2, stderr);
    t.regex(stderr, text);
  });
}

import { join } from 'node:path';
import test from 'ava';
import { connect } from '../../src/client/index.js';
import { fillStore } from '../support/filled-store.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses, runToEnd, startProcess } from '../support/process-fixture.js';
import { DATA_TYPES_FILE, readTable, temporaryFile } from '../support/tables.js';

test.after.always(killProcesses);

const ALL_TIME = { from: 0, to: 9e15 };

test('values whose type was changed, removed or given another id are returned as bytes, and counted', async (t) => {
  t.timeout(60_000);
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const state = join(folder.path, 'state');
  const at = Date.now() - 60_000;
  const stored = (type: string, bytes: readonly number[]) => ({
    node: 5,
    type,
    at,
    bytes: Uint8Array.from(bytes),
  });
  const values = [
    stored('GPS', [1, 2, 3, 4, 5, 6]),
    stored('Battery', [0x10, 0x0e]),
    stored('Temperature', [0xc4, 9]),
    stored('Sequence', [7]),
  ];
  await fillStore(state, { values, knownNodes: [5] });

  const { types = [] } = readTable(DATA_TYPES_FILE) as { types: { name: string; [key: string]: unknown }[] };
  const changed = types
    .filter(({ name }) => name !== 'Battery')
    .map((type) => {
      if (type.name === 'Temperature') return { ...type, id: 18 };
      return type.name === 'GPS' ? { name: 'GPS', id: 1, length: 8 } : type;
    });
  const dataTypes = temporaryFile(t, 'data-types.json', { types: changed });
  const socket = join(folder.path, 's');
  const args = ['--port', '/nowhere/tty', '--http', 'off', '--socket', socket, '--state', state];
  await startProcess(args, { MESHGATE_DATA_TYPES: dataTypes });
  const client = await connect({ socket });
  t.teardown(() => client.close());

  const exported = await client.call('export', {});
  t.is(exported.undecoded, 3);
  t.deepEqual(
    exported.values.map(({ type, id, bytes, fields }) => [type, id, bytes, Object.keys(fields)]),
    [
      ['Sequence', 0, '07', ['sequence']],
      ['GPS', 1, '010203040506', []],
      ['Battery', 16, '100e', []],
      ['Temperature', 17, 'c409', []],
    ],
  );
  const asked = { GPS: '010203040506', Battery: '100e', Temperature: 'c409' };
  for (const [type, bytes] of Object.entries(asked)) {
    const found = await client.call('at', { type, node: 5, time: Date.now() });
    t.deepEqual([found.undecoded, found.values.map((value) => value.bytes)], [1, [bytes]], type);
  }
  for (const type of ['GPS', 'Battery', 17]) {
    const page = await client.call('range', { type, node: 5 });
    t.deepEqual([page.undecoded, page.values.length], [1, 1], String(type));
  }
  for (const type of ['GPS', 'Temperature']) {
    const summed = await client.aggregate({ type, node: 5, bucketMs: 1e12, ...ALL_TIME });
    t.deepEqual(summed, { buckets: [], undecoded: 1 }, type);
  }
  await t.throwsAsync(client.call('at', { type: 'Wind', time: 1 }), { message: /Wind/ });

  const csv = await runToEnd(['export', '--socket', socket, '--type', 'Battery']);
  t.regex(csv.stdout, /^5,Node-5,Battery,.*,100e\r?$/m);
  t.is(
    csv.stderr,
    'meshgate: 1 value is shown as bytes: data-types.json has changed since it was stored, or no source has declared the type\n',
  );
  const got = await runToEnd(['get', 'GPS', '5', '--from', '1h', '--socket', socket]);
  t.regex(got.stdout, /BYTES[\s\S]*010203040506/);
  t.regex(got.stderr, /1 value is shown as bytes/);
});

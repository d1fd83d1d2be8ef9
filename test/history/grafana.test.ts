/** The queries of docs/grafana.md, on a history that a simulated gateway has written. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { requireDriver } from '../../src/history/load-driver.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { LineClient, untilEvent } from '../support/line-client.js';
import { killProcesses, startProcess } from '../support/process-fixture.js';

const queries = [
  ...readFileSync(join(packageRoot, 'docs', 'grafana.md'), 'utf8').matchAll(/^```sql\n([\s\S]*?)^```$/gm),
].map(([, sql = '']) => sql);

const folder = temporaryFolder();

test.after.always(async () => {
  await killProcesses();
  folder.remove();
});

test('each query of the page gives rows', async (t) => {
  const file = join(folder.path, 'history.db');
  const args = ['--simulate', '--nodes', '3', '--seed', '7', '--http', 'off', '--state', folder.path];
  const gateway = await startProcess([...args, '--socket', join(folder.path, 's')]);
  for (const type of ['GPS', 'Position', 'Battery', 'Temperature']) {
    await untilEvent(gateway.socketPath, 'value', ({ value }) => value?.node === 5 && value.type === type);
  }
  const client = await LineClient.open(gateway.socketPath);
  t.like(await client.ask('send', { node: 5, hex: '450102', until: 'answered' }), {
    result: { stage: 'answered' },
  });
  client.close();
  await gateway.stop('SIGTERM');

  const database = (await requireDriver()).open(file, { isReadOnly: true });
  t.teardown(() => database.close());
  t.true(queries.length > 0);
  for (const query of queries) {
    const rows = database
      .prepare(query.replaceAll('$__from', '0').replaceAll('$__to', String(Date.now())))
      .all();
    // Nothing was wrong with the mesh.
    if (!query.includes('alarm_change')) t.true(rows.length > 0, query);
  }
});

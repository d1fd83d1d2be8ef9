import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EXIT } from '../../src/cli/exit-codes.js';
import { connect, type MeshgateClient } from '../../src/client/index.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses, runToEnd, startProcess } from '../support/process-fixture.js';
import { sqlite } from '../support/store-fixture.js';

test.after.always(killProcesses);

function site(t: ExecutionContext) {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const socket = join(folder.path, 's');
  const state = join(folder.path, 'state');
  const start = (nodes: number) =>
    startProcess([
      '--simulate',
      '--nodes',
      String(nodes),
      '--http',
      'off',
      '--socket',
      socket,
      '--state',
      state,
    ]);
  const open = async () => {
    const client = await connect({ socket });
    t.teardown(() => client.close());
    return client;
  };
  return { socket, state, start, open };
}

/** Whether the alarm HISTORY_FAILING is active; undefined when it was never raised. */
async function isFailing(client: MeshgateClient): Promise<boolean | undefined> {
  const { alarms } = await client.call('alarms', {});
  return alarms.find(({ code }) => code === 'HISTORY_FAILING')?.active;
}

/** Waits until values of every one of these nodes are on the disk. */
async function untilStored(client: MeshgateClient, nodes: number): Promise<void> {
  const seen = new Set<number>();
  let last: number | undefined;
  for await (const event of client.subscribe({ kinds: ['value'] })) {
    if (event.kind !== 'value') continue;
    if (seen.size < nodes) last = event.seq;
    seen.add(event.value.node);
    if (seen.size === nodes && ((await client.status()).history.storedSeq ?? 0) >= (last ?? 0)) return;
  }
}

test('a file locked at the start is an alarm with its cause; its contents are merged when it can be read', async (t) => {
  const { socket, state, start, open } = site(t);
  const first = await start(5);
  await untilStored(await open(), 5);
  await first.stop('SIGTERM');
  const holder = sqlite.open(join(state, 'history.db'));
  holder.exec('PRAGMA locking_mode = EXCLUSIVE');
  holder.exec('BEGIN EXCLUSIVE');

  const second = await start(2);
  const client = await open();
  t.is(await isFailing(client), true);
  const status = await client.status();
  t.is(status.history.file, null);
  t.regex(status.history.fault ?? '', /locked/);
  const health = await runToEnd(['health', '--socket', socket]);
  t.is(health.code, EXIT.failed);
  t.regex(health.stdout, /history .*database is locked/);
  t.regex((await runToEnd(['doctor', '--socket', socket])).stdout, /PROBLEM {2}history .*database is locked/);
  const before = (await client.status()).seq;

  holder.close();
  await second.logged(/history is written again/);
  t.is(await isFailing(client), false);
  const { nodes } = await client.nodes();
  t.deepEqual(nodes.map(({ address, restored }) => [address, restored]).slice(2), [
    [7, true],
    [8, true],
    [9, true],
  ]);
  t.true(nodes.slice(2).every(({ values }) => values.length > 0));
  t.is((await client.status()).history.fault, null);
  t.is((await client.call('subscribe', { since: before })).gone, null, 'no number went back');
  await second.stop('SIGTERM');
  const file = sqlite.open(join(state, 'history.db'), { isReadOnly: true });
  const rows = file
    .prepare('SELECT seq FROM event ORDER BY at, seq')
    .all()
    .map(({ seq }) => Number(seq));
  t.deepEqual(
    rows,
    [...rows].sort((a, b) => a - b),
  );
  file.close();
});

test('a state directory deleted while the gateway runs is created again, with the current state', async (t) => {
  const { state, start, open } = site(t);
  const gateway = await start(3);
  const client = await open();
  await untilStored(client, 3);
  rmSync(state, { recursive: true });
  await gateway.logged(/history can not be written: its file was removed or moved away/);
  await gateway.logged(/history is written again/);
  t.is(await isFailing(client), false);
  await untilStored(client, 3);
  await gateway.stop('SIGKILL');
  await start(0);
  const fresh = await open();
  const { nodes } = await fresh.nodes();
  t.deepEqual(
    nodes.map(({ address, restored }) => [address, restored]),
    [
      [5, true],
      [6, true],
      [7, true],
    ],
  );
  t.true(nodes.every(({ uuid, values }) => uuid !== null && values.length > 0));
});

test('a state directory that cannot be created is retried, and is used once it can', async (t) => {
  const { state, start, open } = site(t);
  writeFileSync(state, 'in the way');
  const gateway = await start(2);
  await gateway.logged(/history is in memory only: .* is not a directory/);
  const client = await open();
  t.is(await isFailing(client), true);
  rmSync(state);
  await gateway.logged(/history is written again/);
  await untilStored(client, 2);
  t.is((await client.status()).history.file, join(state, 'history.db'));
});

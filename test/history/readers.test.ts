import { join } from 'node:path';
import test from 'ava';
import { connect } from '../../src/client/index.js';
import { fillStore, type StoredValue, temperature } from '../support/filled-store.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses, startProcess } from '../support/process-fixture.js';
import { sqlite } from '../support/store-fixture.js';

test.after.always(killProcesses);

const STORED = 200_000;
const READERS = 20;
/** Values that arrive while readers are active. */
const LIVE = 300;

function* series(): Generator<StoredValue> {
  const first = Date.now() - STORED * 1000;
  for (let index = 0; index < STORED; index++) yield temperature(5, first + index * 1000, index % 2000);
}

/** Numbers of the value events in the file. */
function storedNumbers(file: string): Set<number> {
  const database = sqlite.open(file, { isReadOnly: true });
  try {
    return new Set(
      database
        .prepare('SELECT seq FROM value')
        .all()
        .map(({ seq }) => Number(seq)),
    );
  } finally {
    database.close();
  }
}

test('values are stored while readers are active, and a stop loses none of them', async (t) => {
  t.timeout(120_000);
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const state = join(folder.path, 'state');
  await fillStore(state, { values: series(), knownNodes: [5] });
  const socket = join(folder.path, 's');
  const args = ['--simulate', '--nodes', '50', '--http', 'off', '--socket', socket, '--state', state];
  const gateway = await startProcess(args);
  const reader = await connect({ socket });
  const watcher = await connect({ socket });

  let isReading = true;
  const read = async () => {
    while (isReading) {
      await reader.aggregate({ type: 'Temperature', node: 5, from: 0, to: Date.now(), bucketMs: 1e12 });
    }
  };
  const readers = Array.from({ length: READERS }, () => read().catch(() => {}));

  const seen: number[] = [];
  for await (const event of watcher.subscribe({ kinds: ['value'] })) {
    if (event.kind === 'value') seen.push(event.seq);
    if (seen.length >= LIVE) break;
  }
  const { history } = await watcher.status();
  t.true((history.storedSeq ?? 0) >= (seen[0] ?? 0), 'the first values are on the disk while others read');

  const ended = await gateway.stop('SIGTERM');
  isReading = false;
  await Promise.all(readers);
  reader.close();
  watcher.close();
  t.is(ended.code, 0, ended.stderr);
  const stored = storedNumbers(join(state, 'history.db'));
  t.deepEqual(
    seen.filter((seq) => !stored.has(seq)),
    [],
  );
});

test('a stop while the disk accepts nothing reports how many events are lost, and fails', async (t) => {
  t.timeout(120_000);
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const state = join(folder.path, 'state');
  const socket = join(folder.path, 's');
  const args = ['--simulate', '--nodes', '5', '--http', 'off', '--socket', socket, '--state', state];
  const gateway = await startProcess(args);
  const other = sqlite.open(join(state, 'history.db'), { busyTimeoutMs: 60_000 });
  other.exec('BEGIN IMMEDIATE');
  await gateway.logged(/can not be written/);
  const ended = await gateway.stop('SIGTERM');
  other.exec('ROLLBACK');
  other.close();
  t.is(ended.code, 1);
  const [, lost = 0] = /(\d+) events were not stored before the end/.exec(ended.stderr) ?? [];
  t.true(Number(lost) > 0, ended.stderr);
  t.regex(
    ended.stderr,
    new RegExp(`meshgate: ${lost} events were not stored in the history before the gateway exited`),
  );
});

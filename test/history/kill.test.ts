import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { sqlite } from '../support/store-fixture.js';

const WRITER = fileURLToPath(new URL('../support/history-writer.js', import.meta.url));
const KILLS = 50;

interface Life {
  readonly first: number;
  /** The last number that it reported as stored. */
  readonly acknowledged: number | undefined;
}

/** Lets it write for a while, at times from when it has stored something, then kills it at any point. */
async function liveAndDie(folder: string, ms: number, hasStored: boolean): Promise<Life> {
  const writer = spawn(process.execPath, [WRITER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const lines = hasStored ? 2 : 1;
  const exited = once(writer, 'exit').then(([code]) => {
    throw new Error(`the writer ended by itself, exit code ${code}`);
  });
  while (printed.split('\n').length <= lines) await Promise.race([once(writer.stdout, 'data'), exited]);
  exited.catch(() => {});
  setTimeout(() => writer.kill('SIGKILL'), ms);
  await once(writer, 'close');
  const [opened = '', ...stored] = printed.split('\n').slice(0, -1);
  return {
    first: Number(opened.split(' ')[1]),
    acknowledged: stored.length > 0 ? Number(stored.at(-1)) : undefined,
  };
}

interface Found {
  readonly count: number;
  readonly numbers: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly partial: number | null;
}

/** Of the values of one life; SQLite looks at them, since there are thousands. */
const FIND = `SELECT count(*) AS count, count(DISTINCT seq) AS numbers, min(seq) AS first, max(seq) AS last,
  min(CASE WHEN hex(bytes) <> printf('%012X', seq) OR fields IS NULL OR fields NOT LIKE '{"longitude":%' THEN seq END) AS partial
  FROM value WHERE seq >= ?`;

/** Everything from the first number to the acknowledged one is there and complete; after it numbers have no gap. */
function check(t: ExecutionContext, file: string, { first, acknowledged }: Life): number {
  const database = sqlite.open(file, { isReadOnly: true });
  const found = database.prepare(FIND).get(first) as unknown as Found;
  t.is(found.partial, null, 'no value is half there');
  if (acknowledged !== undefined)
    t.true((found.last ?? 0) >= acknowledged, 'all acknowledged events are there');
  if (found.count > 0) {
    const { last, numbers } = found;
    t.deepEqual(
      { first: found.first, numbers },
      { first, numbers: (last ?? 0) - first + 1 },
      'none is missing in between',
    );
    t.is(found.count, numbers, 'none is there twice');
  }
  t.is(database.prepare('PRAGMA quick_check').value(), 'ok');
  database.close();
  return found.count;
}

test(`a process killed ${KILLS} times while it writes loses nothing that was stored, and keeps nothing partial`, async (t) => {
  t.timeout(300_000);
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  let stored = 0;
  let acknowledgedLives = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const life = await liveAndDie(folder.path, Math.random() * 500, kill % 2 === 0);
    stored += check(t, join(folder.path, 'history.db'), life);
    if (life.acknowledged !== undefined) acknowledgedLives++;
  }
  t.log(`${stored} values stored, ${acknowledgedLives} of ${KILLS} lives had some acknowledged`);
  t.true(acknowledgedLives >= KILLS / 2);
});

import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createLog } from '../../src/base/log.js';
import { encodeHead, Recording } from '../../src/recorder/recording.js';
import { RecordingFiles } from '../../src/recorder/recording-files.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { HEAD, RecorderFixture } from '../support/recordings.js';

const LIMIT = 1_048_576;

interface Fixture {
  readonly directory: string;
  readonly logged: string[];
  open(): RecordingFiles;
  /** Names of the files, oldest first. */
  names(): string[];
  /** The numbers that `blockOf` has put into the recordings, over all files. */
  numbers(): number[];
}

function fixture(t: ExecutionContext, directoryName = 'made/for/it'): Fixture {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const directory = join(folder.path, directoryName);
  const logged: string[] = [];
  const log = createLog('recorder', (line) => logged.push(line));
  const names = () => readdirSync(directory).sort();
  return {
    directory,
    logged,
    open: () => new RecordingFiles({ directory, limit: LIMIT, head: encodeHead(HEAD), log }),
    names,
    numbers: () => names().flatMap((name) => numbersIn(readFileSync(join(directory, name)))),
  };
}

function numbersIn(file: Buffer): number[] {
  return [...new Recording(file).entries()].flatMap(({ kind, payload }) =>
    kind === 'fromRoot' ? [payload.readUInt32BE()] : [],
  );
}

function blockOf(number: number, length = 20_000): Buffer {
  const { recorder, finished } = new RecorderFixture();
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(number);
  recorder.fromRoot(bytes);
  recorder.finishBlock();
  return finished[0] ?? Buffer.alloc(0);
}

test('blocks are written in order, to a directory that is created for them; each file is a recording', async (t) => {
  const { open, names, numbers, directory } = fixture(t);
  const files = open();
  for (let number = 0; number < 10; number++) files.add(blockOf(number));
  await files.close();
  t.deepEqual(numbers(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.true(names().length > 1);
  t.is(names()[0], 'meshgate-00000001.mgrec');
  t.is(statSync(join(directory, 'meshgate-00000001.mgrec')).mode & 0o007, 0);
});

test('all files together stay under the limit; the oldest are removed, those of earlier runs first', async (t) => {
  const { directory, open, names, numbers } = fixture(t);
  for (let run = 0; run < 3; run++) {
    const files = open();
    for (let number = 0; number < 40; number++) {
      files.add(blockOf(run * 40 + number));
      if (number % 5 === 4) await files.close();
    }
    await files.close();
    const size = names().reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
    t.true(size <= LIMIT, `${size} bytes`);
  }
  const kept = numbers();
  t.is(kept.at(-1), 119);
  t.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, index) => 120 - kept.length + index),
  );
  t.true(kept.length > 30, `${kept.length} blocks are kept`);
});

test('files that are not the recorder’s are left alone', async (t) => {
  const { directory, open } = fixture(t);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'notes.mgrec'), Buffer.alloc(2 * LIMIT));
  const files = open();
  for (let number = 0; number < 80; number++) {
    files.add(blockOf(number));
    if (number % 5 === 4) await files.close();
  }
  await files.close();
  t.is(statSync(join(directory, 'notes.mgrec')).size, 2 * LIMIT);
});

test('a disk that accepts nothing is counted and logged once; recording continues when it can', async (t) => {
  const { directory, logged, open, numbers } = fixture(t, 'place');
  writeFileSync(directory, 'a file where the directory should be');
  const files = open();
  for (let number = 0; number < 3; number++) {
    files.add(blockOf(number));
    await files.close();
  }
  t.like(files.counters(), { failures: 3, droppedBlocks: 3, bytes: 0, waitingBytes: 0 });
  t.is(logged.length, 1, `${logged}`);
  t.regex(logged[0] ?? '', /can't record to .*place, retrying: E/);
  rmSync(directory);
  files.add(blockOf(3));
  await files.close();
  t.deepEqual(numbers(), [3]);
  t.regex(logged[1] ?? '', /works again/);
});

test('on a slow disk blocks wait, up to a limit; those beyond are counted', async (t) => {
  const { open } = fixture(t);
  const files = open();
  const block = blockOf(0, 60_000);
  const amount = Math.ceil(10_000_000 / block.length);
  for (let number = 0; number < amount; number++) files.add(block);
  const { waitingBytes, droppedBlocks } = files.counters();
  t.true(waitingBytes <= 4_194_304);
  t.is(droppedBlocks, amount - waitingBytes / block.length);
  await files.close();
  t.is(files.counters().waitingBytes, 0);
});

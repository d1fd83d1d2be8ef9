/** `meshgate export`: the real command against a store of an earlier run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { endlessGateway } from '../support/endless-gateway.js';
import { fillStore, type StoredValue, temperature } from '../support/filled-store.js';
import { killProcesses, MeshgateProcess, runToEnd, startProcess } from '../support/process-fixture.js';
import { hasSocat, openPty } from '../support/pty.js';
import { runHere } from '../support/run-here.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mg-export-'));
const SOCKET = join(folder, 's');
const ENV = { MESHGATE_SOCKET: SOCKET };

/** An hour ago, on a full second. */
const BEGIN = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
/** More than two pages. */
const TEMPERATURES = 5000;
/** From before the type had its current length; more than a page. */
const ODD = 2500;

/** In a process of its own. */
const meshgate = (...args: string[]) => runToEnd(args, ENV);
/** In this process. */
const here = (...args: string[]) => runHere(args, ENV);

function* history(): Generator<StoredValue> {
  for (let index = 0; index < TEMPERATURES; index++) yield temperature(5, BEGIN + index * 500, index);
  for (let index = 0; index < ODD; index++) {
    yield { node: 6, type: 'Temperature', at: BEGIN + index, bytes: Buffer.of(1, 2, 3) };
  }
  yield temperature(6, BEGIN + ODD, 1);
  // Of a node that is no longer known.
  yield temperature(9, BEGIN, 100);
  yield temperature(9, BEGIN + 60_000, 300);
  yield { node: 9, type: 'Sequence', at: BEGIN + 1, bytes: Buffer.of(7) };
}

test.before(async () => {
  const state = join(folder, 'state');
  await fillStore(state, { values: history(), knownNodes: [5, 6] });
  await startProcess([
    '--port',
    join(folder, 'no-tty'),
    '--http',
    'off',
    '--socket',
    SOCKET,
    '--state',
    state,
  ]);
});

test.after.always(async () => {
  await killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

const ODD_NOTE = `meshgate: ${ODD} values are shown as bytes: data-types.json has changed since they were stored, or no source has declared the type\n`;

const iso = (at: number) => new Date(at).toISOString();

test.serial(
  'everything is exported as CSV: by node and type, oldest first, forgotten nodes too',
  async (t) => {
    const { code, stdout, stderr } = await meshgate('export');
    t.deepEqual([code, stderr], [0, ODD_NOTE]);
    const [header = '', ...lines] = stdout.split('\r\n');
    t.is(lines.pop(), '');
    t.regex(header, /^node,name,type,received_at,device_time,bytes,Sequence\.sequence,GPS\.longitude,/);
    t.is(lines.length, TEMPERATURES + ODD + 1 + 3);
    t.is(lines[0], `5,Node-5,Temperature,${iso(BEGIN)},,0000,,,,,,,0,,`);
    t.deepEqual(
      lines.slice(-3).map((line) => line.split(',').slice(0, 3).join()),
      ['9,Node-9,Sequence', '9,Node-9,Temperature', '9,Node-9,Temperature'],
    );
    const ofFive = lines.filter((line) => line.startsWith('5,'));
    t.is(new Set(ofFive).size, TEMPERATURES, 'each once, across pages');
  },
);

test.serial(
  'values stored with an earlier definition of their type are exported as bytes, and counted',
  async (t) => {
    const { stdout, stderr } = await here('export', '--node', '6', '--type', 'Temperature');
    const lines = stdout.trimEnd().split('\r\n');
    t.is(lines[1], `6,Node-6,Temperature,${iso(BEGIN)},,010203,`);
    t.is(lines.length, 1 + ODD + 1);
    t.is(lines.at(-1), `6,Node-6,Temperature,${iso(BEGIN + ODD)},,0100,0.01`);
    t.is(stderr, ODD_NOTE);
  },
);

test.serial('JSON lines have the values in the form of the session', async (t) => {
  const from = iso(BEGIN + 1000);
  const { stdout } = await here(
    ...['export', '--format', 'jsonl', '--node', 'node-5', '--from', from, '--to', iso(BEGIN + 2000)],
  );
  const values = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.is(values.length, 3, 'both ends are included');
  t.deepEqual(values[0], {
    node: 5,
    type: 'Temperature',
    id: 17,
    bytes: '0200',
    fields: { temperature: { value: 0.02, unit: '°C' } },
    receivedAt: BEGIN + 1000,
    deviceTime: null,
    name: 'Node-5',
  });
  const asJson = await here('export', '--json', '--node', '5', '--from', from, '--to', iso(BEGIN + 2000));
  t.is(asJson.stdout, stdout);
});

test.serial('a file is renamed into place when complete; its extension selects the format', async (t) => {
  const file = join(folder, 'out.jsonl');
  const { code, stdout, stderr } = await meshgate('export', '--node', '9', '-o', file);
  t.deepEqual([code, stdout, stderr], [0, '', '']);
  t.is(readFileSync(file, 'utf8').trimEnd().split('\n').length, 3);
  t.deepEqual(leftovers(), []);
  await here('export', '--node', '9', '--format', 'csv', '-o', file);
  t.regex(readFileSync(file, 'utf8'), /^node,name,/);
});

test.serial('an existing file keeps its permissions, and the target of a link is replaced', async (t) => {
  const file = join(folder, 'shared.csv');
  const link = join(folder, 'link.csv');
  writeFileSync(file, 'before');
  chmodSync(file, 0o640);
  symlinkSync(file, link);
  t.is((await here('export', '--node', '9', '-o', link)).code, 0);
  t.regex(readFileSync(file, 'utf8'), /^node,/);
  t.is(statSync(file).mode & 0o777, 0o640);
});

function leftovers(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.part'));
}

const FAILURES: readonly (readonly [code: number, args: readonly string[], text: RegExp])[] = [
  [1, ['--type', 'nonsense'], /no data type with this name/],
  [1, ['--node', '77'], /no node with this address/],
  [2, ['--from', '1m', '--to', '2m'], /--from 1m is later than --to 2m/],
  [2, ['--format', 'xml'], /Allowed choices are csv, jsonl/],
  [1, ['-o', '/nowhere/out.csv'], /\/nowhere\/out\.csv: no such file or directory\n$/],
  [1, ['-o', folder], /illegal operation on a directory\n$/],
  [1, ['-o', '/dev/full'], /no space left on device\n$/],
  [3, ['--socket', '/nowhere/s'], /no gateway is listening/],
];

for (const [code, args, text] of FAILURES) {
  test.serial(`export ${args.join(' ').replace(folder, 'FOLDER')} exits with ${code}`, async (t) => {
    const file = join(folder, 'failed.csv');
    const ended = await here('export', ...(args.includes('-o') ? [] : ['-o', file]), ...args);
    t.is(ended.code, code, ended.stderr);
    t.regex(ended.stderr, text);
    t.notRegex(ended.stderr, /internal error|\n {4}at /);
    t.false(existsSync(file));
    t.deepEqual(leftovers(), []);
  });
}

test.serial('when standard output cannot be written it exits with 1 and the reason', async (t) => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [MAIN, 'export'], {
    env: { ...process.env, ...ENV },
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  t.is(code, 1);
  t.regex(stderr, /meshgate: cannot write the output: no space left on device\n$/);
});

test.serial('it exits quietly when its reader has gone', async (t) => {
  const read = new MeshgateProcess(['export'], ENV);
  await read.printed(/./);
  read.child.stdout?.destroy();
  const { code, stderr } = await read.ended;
  t.deepEqual([code, stderr], [0, '']);
});

/** What the system and this process buffer for a pipe's reader, and one page more. */
const PAGES_IN_A_PIPE = 6;

test.serial('while nobody reads its output, it requests no more pages', async (t) => {
  const gateway = await endlessGateway(t, join(folder, 'endless'));
  const run = (): ChildProcess =>
    spawn(process.execPath, [MAIN, 'export', '--socket', gateway.path], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const unread = run();
  t.teardown(() => unread.kill('SIGKILL'));
  await until(() => gateway.asked[0] === 1);
  const read = run();
  read.stdout?.resume();
  t.deepEqual(await once(read, 'close'), [0, null]);
  t.is(gateway.asked[1], 20);
  t.true((gateway.asked[0] ?? 0) <= PAGES_IN_A_PIPE, `${gateway.asked[0]} pages`);
  unread.kill('SIGINT');
  t.deepEqual(await once(unread, 'exit'), [1, null], 'Ctrl-C ends it while it waits');
});

/** Polls again after a turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test.serial('Ctrl-C ends it with a message, and leaves no partial file', async (t) => {
  const gateway = await endlessGateway(t, join(folder, 'stuck'), { stuckAt: 3 });
  const file = join(folder, 'never.csv');
  writeFileSync(file, 'what was there');
  const exporting = new MeshgateProcess(['export', '--socket', gateway.path, '-o', file]);
  await until(() => gateway.asked[0] === 3);
  t.is(leftovers().length, 1);
  const { code, stdout, stderr } = await exporting.stop('SIGINT');
  t.deepEqual([code, stdout], [1, '']);
  t.is(stderr, `meshgate: interrupted; ${file} was not written\n`);
  t.deepEqual(leftovers(), []);
  t.is(readFileSync(file, 'utf8'), 'what was there');
});

const ptyTest = hasSocat ? test.serial : test.serial.skip;

for (const [what, where, bar] of [
  ['a file', 'file', true],
  ['a pipe', 'pipe', true],
  ['the same terminal', 'terminal', false],
] as const) {
  ptyTest(
    `on a terminal, an export to ${what} ${bar ? 'shows' : 'does not show'} its progress`,
    async (t) => {
      const pty = await openPty();
      t.teardown(() => pty.close());
      const terminal = openSync(pty.path, 'r+');
      const to = where === 'file' ? ['-o', join(folder, 'bar.csv')] : [];
      const child = spawn(process.execPath, [MAIN, 'export', '--type', 'Temperature', ...to], {
        env: { ...process.env, ...ENV },
        stdio: [terminal, where === 'pipe' ? 'pipe' : terminal, terminal],
      });
      child.stdout?.resume();
      const ended = once(child, 'close');
      closeSync(terminal);
      if (bar) {
        await pty.readUntil((received) =>
          received.includes(`${(TEMPERATURES + ODD + 3).toLocaleString('en')} values`),
        );
        t.regex(pty.received().toString(), /\[#*\.*\] +\d+ % {2}[\d,]+ values/);
      }
      t.deepEqual(await ended, [0, null]);
      if (bar) return;
      await pty.readUntil((received) => received.includes('0.01\r\n') && received.includes('9,Node-9'));
      t.notRegex(pty.received().toString(), / %|[\d,]+ values(?! are)/);
    },
  );
}

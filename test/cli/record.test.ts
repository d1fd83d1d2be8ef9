/** The real commands on recordings of real gateways. */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Recording } from '../../src/recorder/recording.js';
import { encodeFrame } from '../../src/uart/frame.js';
import { ask } from '../support/classic-client.js';
import { bytesOf } from '../support/hex.js';
import { untilEvent, untilReported, untilSomeNodeIsActive } from '../support/line-client.js';
import { killProcesses, MeshgateProcess, runToEnd, startProcess } from '../support/process-fixture.js';
import { port, RecorderFixture } from '../support/recordings.js';
import { runHere } from '../support/run-here.js';
import { Waiters } from '../support/waiters.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mg-record-'));
const SOCKET = join(folder, 's');
const ENV = { MESHGATE_SOCKET: SOCKET, TZ: 'UTC' };
const RECORDING = join(folder, 'taken.mgrec');
/** In a process of its own: each command is run so at least once. */
const run = (...args: string[]) => runToEnd(args, ENV);
/** In this process. */
const here = (...args: string[]) => runHere(args, ENV);

let files = 0;
const freshFile = () => join(folder, `file${files++}`);

test.before(async () => {
  await startProcess(['--simulate', '--nodes', '3', '--seed', '7', '--http', 'off', '--socket', SOCKET]);
  await untilReported(SOCKET, [5]);
  await ask(SOCKET, 'W-LOGmy secret');
  const { code, stderr } = await run('record', '-o', RECORDING);
  if (code !== 0) throw new Error(stderr);
});

test.after.always(async () => {
  await killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

// Those that start a gateway of their own are serial: several starts at once can take longer than a test waits.

function kindsIn(file: string): Set<string | undefined> {
  return new Set([...new Recording(readFileSync(file)).entries()].map(({ kind }) => kind));
}

test('record saves what the gateway holds, to a file or a pipe', async (t) => {
  const file = freshFile();
  const { code, stderr, stdout } = await run('record', '-o', file);
  t.is(code, 0);
  t.is(stdout, '');
  t.regex(stderr, /^\S+: \d+ s, \d+ records, \d+ k?B\n$/);
  for (const kind of ['opened', 'fromRoot', 'toRoot', 'request', 'reply', 'ended'])
    t.true(kindsIn(file).has(kind), kind);
  const json = await here('record', '-o', file, '--json');
  t.true((JSON.parse(json.stdout) as { records: number }).records > 10);
  const piped = await run('record');
  t.true(piped.stdout.startsWith('MGREC'));
  t.is(piped.stderr, '');
});

/** The command with a file as its standard input. */
function withInput(file: string, ...args: string[]) {
  const input = readFileSync(file);
  return spawnSync(process.execPath, [MAIN, ...args], {
    input,
    encoding: 'utf8',
    env: { ...process.env, ...ENV },
  });
}

test('- means standard output for writing, and standard input for reading', async (t) => {
  const { code, stdout, stderr } = await run('record', '-o', '-');
  t.is(code, 0, stderr);
  t.true(stdout.startsWith('MGREC'));
  t.is(stderr, '');
  t.false(existsSync('-'));
  t.is((await here('record', '-o', '-', '--json')).code, 2);
  const inspected = withInput(RECORDING, 'inspect', '-', '--stats', '--json');
  t.is(inspected.status, 0, inspected.stderr);
  t.is(inspected.stdout, (await here('inspect', RECORDING, '--stats', '--json')).stdout);
  const replayed = withInput(RECORDING, 'replay', '-');
  t.is(replayed.stdout, (await here('replay', RECORDING)).stdout);
  const events = freshFile();
  writeFileSync(events, replayed.stdout);
  const compared = withInput(events, 'replay', RECORDING, '--expect', '-', '--json');
  t.is(compared.status, 0, compared.stderr);
  t.like(JSON.parse(compared.stdout), { differences: [] });
});

test('what cannot be read from standard input is refused', async (t) => {
  const both = await here('replay', '-', '--expect', '-');
  t.is(both.code, 2);
  const settings = await here('inspect', RECORDING, '--config', '-');
  t.is(settings.code, 6);
  t.regex(settings.stderr, /cannot read settings from standard input/);
  const nothing = await run('inspect', '-');
  t.is(nothing.code, 1, 'an empty input is not a recording');
  t.regex(nothing.stderr, /standard input/);
});

test('--last omits older blocks', async (t) => {
  const whole = freshFile();
  t.is((await here('record', '-o', whole)).code, 0);
  const end = [...new Recording(readFileSync(whole)).entries()].at(-1)?.at ?? t.fail();
  await untilEvent(SOCKET, 'value', ({ at }) => at > end + 1000);
  const file = freshFile();
  t.is((await here('record', '--last', '1s', '-o', file)).code, 0);
  t.false(kindsIn(file).has('opened'));
  t.true(statSync(file).size < statSync(whole).size);
  const wrong = await here('record', '--last', 'long', '-o', file);
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /"long" is not a valid duration/);
});

test.serial('--follow continues until it is stopped, even across a restart of the gateway', async (t) => {
  const socket = join(folder, 'f');
  const start = () =>
    startProcess(['--simulate', '--nodes', '1', '--seed', '2', '--http', 'off', '--socket', socket]);
  const first = await start();
  const file = freshFile();
  const record = new MeshgateProcess(['record', '--follow', '-o', file, '--socket', socket]);
  await untilFileHas(file, 'MGREC');
  await ask(socket, 'W-LOGone');
  await untilFileHas(file, 'W-LOGone');
  await first.stop();
  const second = await start();
  await ask(socket, 'W-LOGtwo');
  await untilFileHas(file, 'W-LOGtwo');
  await ask(socket, 'W-LOGthree');
  const { code, stderr } = await record.stop();
  t.is(code, 0);
  t.regex(stderr, /records/);
  await second.stop();
  const recording = new Recording(readFileSync(file));
  const entries = [...recording.entries()];
  t.is(new Set(entries.map(({ run }) => run)).size, 2);
  const texts = entries.map(({ payload }) => payload.toString());
  for (const text of ['W-LOGone', 'W-LOGtwo', 'W-LOGthree']) t.true(texts.includes(text), text);
  t.deepEqual(recording.damage, { bytes: 0, blocks: 0, missing: 0 });
});

async function untilFileHas(file: string, text: string): Promise<void> {
  const waiters = new Waiters(() => `${file} has no ${text}`);
  const watcher = watch(folder, () => waiters.look());
  await waiters.until(() => existsSync(file) && readFileSync(file).includes(text));
  watcher.close();
}

test('--redact leaves no payloads', async (t) => {
  const file = freshFile();
  t.is((await here('record', '--redact', '-o', file)).code, 0);
  const bytes = readFileSync(file);
  t.true(readFileSync(RECORDING).includes('my secret'));
  t.false(bytes.includes('my secret'));
  t.true(new Recording(bytes).head.redacted);
  const { stdout } = await here('inspect', file);
  t.regex(stdout, /0x0005 {4}Data {7}10 bytes$/m);
  t.regex(stdout, /request {4}W-LOG 0000/);
});

test.serial(
  '--link selects links: record leaves out clients and devices, inspect shows one link',
  async (t) => {
    const file = freshFile();
    t.is((await run('record', '--link', 'root', '-o', file)).code, 0);
    for (const kind of ['opened', 'fromRoot', 'toRoot']) t.true(kindsIn(file).has(kind), kind);
    for (const kind of ['client', 'request', 'reply']) t.false(kindsIn(file).has(kind), kind);
    const mixed = freshFile();
    writeFileSync(mixed, mixedRecording());
    const psu = await run('inspect', mixed, '--link', 'psu');
    t.is(psu.code, 0, psu.stderr);
    t.regex(psu.stdout, /psu +opened +tcp:psu:5025\n.*→ psu +text +VOLT\?\n.*psu +text +12\.0\n$/);
    t.notRegex(psu.stdout, /0x0005|link /);
    const root = await run('inspect', mixed, '--link', 'root');
    t.regex(root.stdout, /0x0005 +Ack/);
    t.notRegex(root.stdout, /psu/);
    for (const command of ['inspect', 'replay']) {
      const { code, stderr } = await run(command, mixed, '--link', 'hv');
      t.is(code, 2);
      t.regex(stderr, /the recording has no link "hv".*available: root, psu/s);
    }
    const events = (await run('replay', mixed, '--link', 'psu')).stdout;
    t.true(events.includes('tcp:psu:5025'));
  },
);

/** The root sends an acknowledgement; a device is asked for its voltage. */
function mixedRecording(): Buffer {
  const fixture = new RecorderFixture();
  const [root, psu] = [fixture.recorder.link('root'), fixture.recorder.link('psu')];
  root.opened(port());
  root.received(encodeFrame(bytesOf('00 05 41 01 02')));
  psu.opened(port('tcp:psu:5025'));
  psu.sent(Buffer.from('VOLT?\n'));
  psu.received(Buffer.from('12.0\n'));
  return fixture.file();
}

test.serial('a gateway whose recorder is off reports it', async (t) => {
  const socket = join(folder, 'off');
  await startProcess(['--port', '/nowhere/tty', '--http', 'off', '--socket', socket], {
    MESHGATE_RECORDER_BYTES: '0',
  });
  const { code, stderr } = await here('record', '-o', freshFile(), '--socket', socket);
  t.is(code, 1);
  t.is(stderr, 'meshgate: the flight recorder is off; set recorder.bytes to turn it on\n');
});

test.serial(
  'a gateway writes recordings to disk as configured, and those files can be read directly',
  async (t) => {
    const directory = join(folder, 'disk');
    const socket = join(folder, 'd');
    const gateway = await startProcess(['--simulate', '--nodes', '1', '--http', 'off', '--socket', socket], {
      MESHGATE_RECORDER_DIRECTORY: directory,
    });
    await untilSomeNodeIsActive(socket);
    await ask(socket, 'W-LOGthe last word');
    t.is((await gateway.stop()).code, 0);
    const [name = ''] = readdirSync(directory);
    t.is(name, 'meshgate-00000001.mgrec');
    const { stdout, code } = await here('inspect', join(directory, name));
    t.is(code, 0);
    t.regex(stdout, /request {4}W-LOG [0-9a-f]+ "the last word"/);
    t.regex(stdout, /link {6}closed {5}by the gateway/);
  },
);

test('inspect prints the contents of a recording, decoded, in hex, as JSON, and counted', async (t) => {
  const { stdout } = await run('inspect', RECORDING);
  t.regex(
    stdout,
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}link {6}opened {5}virtual mesh of 3 nodes, seed 7$/m,
  );
  t.regex(stdout, / {2}→ root {4}NINFO$/m);
  t.regex(stdout, / {2}root {6}RootReset {2}online$/m);
  t.regex(stdout, / {2}0x0005 {4}Data {7}Sequence \d+ · GPS longitude /m);
  const hex = await here('inspect', RECORDING, '--hex');
  t.regex(hex.stdout, / {2}→ root {4}bytes {6}ff4e494e464ffe\n.* {2}→ root {4}NINFO$/m);
  const json = (await here('inspect', RECORDING, '--json')).stdout.trim().split('\n');
  const items = json.map((line) => JSON.parse(line) as { kind: string; at: number });
  t.true(
    ['link', 'command', 'console', 'message', 'client'].every((kind) =>
      items.some((item) => item.kind === kind),
    ),
  );
  const stats = JSON.parse((await here('inspect', RECORDING, '--stats', '--json')).stdout) as {
    lines: { fromRoot: { frames: number } };
  };
  t.is(stats.lines.fromRoot.frames, items.filter(({ kind }) => kind === 'message').length);
  const end = items.at(-1)?.at ?? 0;
  const late = (await here('inspect', RECORDING, '--json', '--from', '500ms')).stdout.trim().split('\n');
  t.true(late.length < items.length);
  t.true(late.every((line) => (JSON.parse(line) as { at: number }).at >= end - 500));
});

test('replay prints events; the second run matches the expected ones; exit code 1 where it does not', async (t) => {
  const events = freshFile();
  const first = await run('replay', RECORDING);
  t.is(first.code, 0);
  writeFileSync(events, first.stdout);
  const again = await here('replay', RECORDING, '--expect', events);
  t.is(again.code, 0);
  t.regex(again.stdout, /^\d+ events, all as expected\n$/);
  const lines = first.stdout.trim().split('\n');
  const wrong = lines.map((line, index) => (index === 3 ? line.replace('"kind":"', '"kind":"x') : line));
  writeFileSync(events, wrong.filter((_, index) => index !== 9).join('\n'));
  const differing = await run('replay', RECORDING, '--expect', events);
  t.is(differing.code, 1);
  t.regex(differing.stdout, /^event 4 differs:$/m);
  t.regex(differing.stdout, /^ {6}kind$/m);
  t.regex(differing.stdout, /^1 event not expected before event 10:$/m);
  const json = await here('replay', RECORDING, '--expect', events, '--json');
  t.is(json.code, 1);
  t.is((JSON.parse(json.stdout) as { differences: unknown[] }).differences.length, 2);
});

test.serial('a gateway on a recording serves clients, and continues when it has ended', async (t) => {
  const socket = join(folder, 'r');
  const args = ['--replay', RECORDING, '--speed', 'max', '--http', 'off', '--socket', socket];
  const gateway = await startProcess(args, ENV);
  await gateway.printed(/replaying .*taken\.mgrec at maximum speed/);
  await gateway.logged(/replay: end of the recording; the gateway keeps running$/m);
  const { stdout } = await here('status', '--json', '--socket', socket);
  const status = JSON.parse(stdout) as { port: null; nodes: { total: number }; link: object };
  t.is(status.port, null);
  t.true(status.nodes.total > 0);
  t.like(status.link, { reason: 'recordingOver' });
  t.is((await ask(socket, 'ACT-C')).toString('hex'), '5300');
  const { code, stderr } = await gateway.stop();
  t.is(code, 0);
  t.is(stderr.match(/end of the recording/g)?.length, 1, stderr);
});

const WRONG = [
  [['start', '--replay', 'x', '--simulate'], 2, /--simulate and --replay cannot be used together/],
  [['start', '--replay', 'x', '--port', 'auto'], 2, /--port and --replay cannot be used together/],
  [['start', '--speed', '2'], 2, /--speed needs --replay/],
  [['start', '--replay', RECORDING, '--speed', '0'], 2, /invalid speed "0"/],
  [['inspect', '/nowhere'], 1, /\/nowhere: no such file or directory\n$/],
  [['replay', '/nowhere'], 1, /\/nowhere: no such file or directory\n$/],
  [['record', '-o', '/nowhere/file'], 1, /\/nowhere\/file: no such file or directory\n$/],
  [['record', '--json'], 2, /--json needs -o FILE/],
  [['inspect', RECORDING, '--from', 'never'], 2, /"never" is not a valid time/],
] as const;

test('errors are reported, each with its exit code', async (t) => {
  for (const [args, exitCode, message] of WRONG) {
    const { code, stderr } = await (args[0] === 'start' ? run(...args) : here(...args));
    t.is(code, exitCode, `${args.join(' ')}: ${stderr}`);
    t.regex(stderr, message);
  }
  const noRecording = freshFile();
  writeFileSync(noRecording, 'hello');
  for (const command of ['inspect', 'replay']) {
    const { code, stderr } = await here(command, noRecording);
    t.is(code, 1);
    t.is(stderr, `meshgate: ${noRecording}: not a recording\n`);
  }
  const noEvents = await here('replay', RECORDING, '--expect', noRecording);
  t.is(noEvents.code, 1);
  t.regex(noEvents.stderr, /:1: not an event/);
});

test('a damaged recording is read as far as possible, and the damage is reported', async (t) => {
  const damaged = freshFile();
  const bytes = readFileSync(RECORDING);
  writeFileSync(damaged, Buffer.concat([bytes, Buffer.from('garbage')]));
  const { code, stdout, stderr } = await here('inspect', damaged);
  t.is(code, 0);
  t.is(stdout, (await here('inspect', RECORDING)).stdout);
  t.is(stderr, `meshgate: ${damaged}: 7 B unreadable\n`);
});

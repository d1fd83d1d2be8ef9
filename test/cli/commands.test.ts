/** The real command against the real gateway, on a virtual mesh and without a link. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { untilReported } from '../support/line-client.js';
import { killProcesses, MeshgateProcess, runToEnd, startProcess } from '../support/process-fixture.js';
import { runHere } from '../support/run-here.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mg-cli-'));
const SOCKET = join(folder, 'up.sock');
const DOWN = join(folder, 'down.sock');
const NOWHERE = join(folder, 'nobody.sock');

const UP_ENV = { MESHGATE_SOCKET: SOCKET };
/** In a process of its own: each command is run so at least once. */
const up = (...args: string[]) => runToEnd(args, UP_ENV);
/** In this process. */
const here = (...args: string[]) => runHere(args, UP_ENV);
const downed = (...args: string[]) => runHere([...args, '--socket', DOWN]);

test.before(async () => {
  await Promise.all([
    startProcess(['--simulate', '--nodes', '3', '--seed', '7', '--http', 'off', '--socket', SOCKET]),
    startProcess(['--port', join(folder, 'no-tty'), '--http', 'off', '--socket', DOWN]),
  ]);
  await untilReported(SOCKET, [5, 6, 7]);
});

test.after.always(async () => {
  await killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

/** Each succeeds, prints something that matches this, and one JSON object with these members. */
const READING: readonly (readonly [args: string, text: RegExp, members: string[]])[] = [
  [
    'status',
    /^gateway +meshgate [\d.]+, process \d+, up /m,
    ['version', 'link', 'root', 'nodes', 'openAlarms'],
  ],
  ['nodes', /^0x0006 +Node-6 +active +/m, ['nodes']],
  ['nodes --status idle', /^No node is idle\.$/m, ['nodes']],
  ['node 0x5', /^0x0005 {2}Node-5 {2}active$/m, ['address', 'name', 'values']],
  ['node node-5', /^last heard +/m, ['address', 'name', 'values']],
  ['get sequence', /^NODE +SEQUENCE +RECEIVED +AT$/m, ['values']],
  ['get 0 5', /^0x0005 +\d+ +/m, ['values']],
  ['get Sequence 5 --at now', /^0x0005 +\d+ +/m, ['values']],
  ['get Sequence 5 --at 1d', /^No values\.$/m, ['values']],
  ['get Sequence --from 10m --to 2030-01-01', /^0x0007 +\d+ +/m, ['values']],
  ['paths', /ORIGIN +TARGET|no paths/, ['fresh', 'paths']],
  ['alarms', /^No alarms\.$|^ROOT_RESTARTED +medium +over/m, ['alarms']],
  ['explain 5', /^Node-5 is active\n {2}last heard /m, ['facts']],
  ['refresh', /^List of nodes received\. Known nodes: 3, all active\.$/m, ['fresh', 'nodes']],
  ['doctor', /^No problems found\.$/m, ['isWell', 'findings']],
];

for (const [line, text, members] of READING) {
  const args = line.split(' ');
  test.serial(`meshgate ${line}`, async (t) => {
    const [forPeople, forPrograms] = await Promise.all([up(...args), here(...args, '--json')]);
    t.deepEqual([forPeople.code, forPeople.stderr], [0, '']);
    t.regex(forPeople.stdout, text);
    t.false(forPeople.stdout.includes('\x1b'));
    t.deepEqual([forPrograms.code, forPrograms.stderr], [0, '']);
    const result = parse(forPrograms.stdout);
    for (const name of members) t.true(name in result, name);
  });
}

function parse(json: string): Record<string, unknown> {
  return JSON.parse(json) as Record<string, unknown>;
}

test.serial('send reports the stage so far, and explain reports it later', async (t) => {
  const sent = await up('send', '5', 'hello', 'there');
  t.is(sent.code, 0);
  t.regex(sent.stdout, /^68656c6c6f207468657265 "hello there" to 0x0005: written to the root/);
  const [, id = ''] = /--delivery (\S+)/.exec(sent.stdout) ?? [];
  const explained = await here('explain', '--delivery', id);
  t.is(explained.code, 0);
  t.regex(explained.stdout, /written to the serial port/);
});

test.serial('send --wait exits with 0 when the node has answered, and with 1 when it has not', async (t) => {
  const answered = await up(
    'send',
    'Node-5',
    '--hex',
    '45:01:02',
    '--wait',
    '--tracked',
    '--timeout',
    '20',
    '--json',
  );
  t.is(answered.code, 0, answered.stdout);
  t.like(parse(answered.stdout), { to: 5, stage: 'answered', answer: '0102' });
  const silent = await here('send', '0x7000', '--hex', '45', '--wait', '--timeout', '0.3');
  t.is(silent.code, 1);
});

test.serial(
  'ping prints each answer and a summary; for a node that does not exist it exits with 1',
  async (t) => {
    const all = await up('ping', 'all', '-c', '1', '--timeout', '20');
    t.is(all.code, 0, all.stdout);
    t.regex(all.stdout, /^0x0006 Node-6, ping 1: \d+ ms$/m);
    t.regex(all.stdout, /^0x0007 +Node-7 +1 +1 +0 % +\d+ ms/m);
    const nobody = await here('ping', '0x7000', '-c', '2', '--timeout', '0.2', '--json');
    t.is(nobody.code, 1);
    t.like(parse(nobody.stdout), {
      nodes: [{ node: 0x7000, sent: 2, answered: 0, lossPercent: 100, meanMs: null }],
    });
  },
);

test.serial('log reaches all watchers; broadcast is written', async (t) => {
  const watching = new MeshgateProcess(['watch', '--kind', 'traffic', '--snapshot'], UP_ENV);
  await watching.printed(/ now +link up; nodes 3/);
  t.deepEqual(await up('log', 'the field', 'is mown').then(({ code, stdout }) => [code, stdout]), [0, '']);
  await watching.printed(/ log +the field is mown$/m);
  t.is((await up('broadcast', '--hex', '54')).code, 0);
  await watching.printed(/ sent +4243415354/);
  const { code, stderr } = await watching.stop('SIGINT');
  t.deepEqual([code, stderr], [0, '']);
});

test.serial('watch shows messages with their contents, and only those that match the filters', async (t) => {
  const watching = new MeshgateProcess(['watch', '--node', '5', '--opcode', 'Data'], UP_ENV);
  await watching.printed(
    /^.* 0x0005 +Data +Sequence \d+ · GPS longitude -?[\d.]+ deg, latitude [\d.]+ deg$/m,
  );
  const { code, stdout } = await watching.stop('SIGTERM');
  t.is(code, 0);
  for (const line of stdout.trim().split('\n')) t.regex(line, / 0x0005 +Data /);
});

test.serial(
  'watch --json prints an object a line, and --since continues after an event number',
  async (t) => {
    const first = new MeshgateProcess(['watch', '--json', '--kind', 'value', '--type', 'Sequence'], UP_ENV);
    await first.printed(/\n.*\n/);
    const { stdout } = await first.stop('SIGINT');
    const [event, next] = stdout.split('\n').map((line) => (line ? JSON.parse(line) : undefined));
    t.is(event.value.type, 'Sequence');
    const again = new MeshgateProcess(
      ['watch', '--json', '--kind', 'value', '--type', 'Sequence', '--since', String(event.seq)],
      UP_ENV,
    );
    await again.printed(/\n/);
    t.deepEqual(JSON.parse((await again.stop('SIGINT')).stdout.split('\n')[0] ?? ''), next);
  },
);

for (const args of [['watch'], ['watch', '--json'], ['completion', 'bash'], ['top', '--json']]) {
  test.serial(`meshgate ${args.join(' ')} exits quietly when its reader has gone`, async (t) => {
    const read = new MeshgateProcess(args, UP_ENV);
    await read.printed(/./);
    read.child.stdout?.destroy();
    const { code, stderr } = await read.ended;
    t.deepEqual([code, stderr], [0, '']);
  });
}

test.serial('watch continues after a restart of the gateway, and reports it', async (t) => {
  const socket = join(folder, 'again.sock');
  const args = ['--simulate', '--nodes', '1', '--seed', '7', '--http', 'off', '--socket', socket];
  const first = await startProcess(args);
  const watching = new MeshgateProcess(['watch', '--kind', 'link,message', '--socket', socket]);
  await watching.printed(/ 0x0005 /);
  await first.stop();
  await watching.logged(/lost the connection to the gateway; reconnecting/);
  const second = await startProcess(args);
  await watching.logged(/reconnected/);
  await watching.printed(/ gap +events \d+ to /);
  t.is((await watching.stop('SIGINT')).code, 0);
  await second.stop();
});

/** What each wrong or impossible command exits with, and what it prints. */
const FAILURES: readonly (readonly [code: number, args: string, text: RegExp])[] = [
  [1, 'node 99', /no node with this address or name[\s\S]*meshgate nodes/],
  [1, 'get nonsense', /no data type[^;]*\n {2}to list the types of a node or device: meshgate node ADDR\n$/],
  [1, 'explain --delivery nope', /no delivery with this id/],
  [1, 'alarms ack nope', /no open alarm with this id[^;]*\n {2}to list the alarms: meshgate alarms\n$/],
  [1, 'watch --opcode nonsense', /no message with this name[^;]*\n {2}opcodes\.json lists/],
  [2, '', /Usage: meshgate[\s\S]*Examples:/],
  [2, 'nonsense', /^meshgate: unknown command 'nonsense'\n {2}for usage: meshgate --help\n$/],
  [2, 'nodes --status sleepy', /Allowed choices are active/],
  [2, 'node', /^meshgate: missing required argument 'node'\n {2}for usage: meshgate node --help\n$/],
  [2, 'node 0x9000', /0x7FFF/],
  [2, 'get GPS --at yesterday', /not a valid time/],
  [2, 'get GPS --at 1m --from 2m', /cannot be used with/],
  [2, 'send 5', /either as text or with --hex/],
  [2, 'send 5 x --hex 45', /either as text or with --hex/],
  [2, 'send 5 --hex 4', /not valid hex/],
  [2, 'ping 5 -c 0', /not a valid number of pings/],
  [2, 'watch --kind nonsense', /Allowed are message/],
  [2, 'explain', /either a node or --delivery/],
  [2, 'explain 5 --delivery x', /either a node or --delivery/],
  [1, 'forget 0x7000', /no node with this address/],
  [2, 'clean', /cannot be undone[\s\S]*--yes/],
  [2, 'top', /needs a terminal/],
  [2, 'completion csh', /Allowed choices are bash/],
];

for (const [first, code] of [
  ['node 99', 1],
  ['nonsense', 2],
  ['status --socket /nowhere/s', 3],
  [`refresh --socket ${DOWN}`, 5],
] as const) {
  test.serial(`a process of meshgate ${first.replace(DOWN, 'DOWN')} exits with ${code}`, async (t) => {
    const ended = await up(...first.split(' '));
    t.like(ended, { code, signal: null, stdout: '' });
    t.regex(ended.stderr, /^meshgate: \S/);
  });
}

for (const [code, line, text] of FAILURES) {
  test.serial(`meshgate ${line} exits with ${code}`, async (t) => {
    const ended = await here(...line.split(' ').filter(Boolean));
    t.is(ended.code, code, ended.stderr);
    t.is(ended.stdout, '');
    t.regex(ended.stderr, text);
    t.notRegex(ended.stderr, /internal error/);
  });
}

for (const line of ['status', 'nodes', 'watch', 'ping 5', 'send 5 x', 'top --json', 'alarms ack all']) {
  test.serial(`without a gateway meshgate ${line} exits with 3 and shows how to start one`, async (t) => {
    const { code, stdout, stderr } = await runHere([...line.split(' '), '--socket', NOWHERE]);
    t.deepEqual([code, stdout], [3, '']);
    t.regex(stderr, /nobody\.sock: no gateway is listening; start one with: meshgate start\n.*--simulate/);
  });
}

for (const line of ['send 5 x', 'broadcast x', 'ping 5', 'refresh', 'paths', 'reset-root', 'clean --yes']) {
  test.serial(`without a link meshgate ${line} exits with 5`, async (t) => {
    const { code, stderr } = await downed(...line.split(' '));
    t.is(code, 5, stderr);
    t.regex(stderr, /meshgate doctor/);
  });
}

test.serial(
  'without a link, the current state can still be queried, and doctor shows what is wrong',
  async (t) => {
    for (const name of ['status', 'nodes', 'alarms']) t.is((await downed(name)).code, 0);
    const { code, stdout } = await downed('doctor', '--json');
    t.is(code, 1);
    t.false(parse(stdout).isWell);
  },
);

test.serial('an alarm is acknowledged, wherever --socket is on the command line', async (t) => {
  t.is((await runToEnd(['alarms', 'ack', 'LINK_LOST', '--socket', DOWN])).code, 0);
  const again = await runHere(['alarms', '--socket', DOWN, 'ack', 'all']);
  t.is(again.stdout, 'Nothing to acknowledge.\n');
  t.regex((await downed('alarms')).stdout, /^LINK_LOST +high +acknowledged/m);
});

const NOBODY = 65_534;

test.serial(
  'a socket that this user may not use makes it exit with 4 and show how to get access',
  async (t) => {
    const socket = join(folder, 'closed.sock');
    const gateway = await startProcess(['--simulate', '--http', 'off', '--socket', socket]);
    chmodSync(folder, 0o755);
    chmodSync(socket, 0);
    const asAnother = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', ...asAnother });
    const isReadable = run('--version').status === 0;
    const { status, stderr } = run('status', '--socket', socket);
    await gateway.stop();
    t.is(isReadable ? status : 4, 4, stderr);
    t.true(!isReadable || /permission denied: .*closed\.sock\n {2}\S/.test(stderr), stderr);
  },
);

test.serial('every command has help, and the main help lists the exit codes', async (t) => {
  const { code, stdout } = await up('--help');
  t.is(code, 0);
  t.regex(stdout, /Exit codes:\n {2}0 {2}success/);
  t.is((await here('watch', '--help')).code, 0);
  t.is((await up('--version')).code, 0);
});

function complete(t: ExecutionContext, script: string, words: readonly string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const run = `${script}\nCOMP_WORDS=(meshgate ${quoted}); COMP_CWORD=${words.length}; _meshgate; echo "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', run], { encoding: 'utf8' });
  t.is(status, 0, stderr);
  return stdout.trim().split(' ');
}

const hasBash = spawnSync('bash', ['--version']).status === 0;

(hasBash ? test.serial : test.serial.skip)(
  'the bash completion knows commands, options and values',
  async (t) => {
    const { stdout } = await up('completion', 'bash');
    t.is(spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' }).stderr, '');
    t.deepEqual(complete(t, stdout, ['no']), ['nodes', 'node']);
    t.deepEqual(complete(t, stdout, ['nodes', '--s']), ['--socket', '--status']);
    t.deepEqual(complete(t, stdout, ['nodes', '--status', 'd']), ['disconnected']);
    t.deepEqual(complete(t, stdout, ['alarms', 'a']), ['ack']);
    t.deepEqual(complete(t, stdout, ['completion', 'f']), ['fish']);
    t.deepEqual(complete(t, stdout, ['--f']), ['--fleet']);
    t.deepEqual(complete(t, stdout, ['--fleet', 'mqtt://broker', 'no']), ['nodes', 'node']);
    t.deepEqual(complete(t, stdout, ['nodes', '--g']), ['--gateway']);
    t.deepEqual(complete(t, stdout, ['doctor', '--f']), ['']);
  },
);

for (const shell of ['bash', 'zsh', 'fish']) {
  test.serial(`the ${shell} completion knows every command that --help lists`, async (t) => {
    const [{ stdout }, help] = await Promise.all([here('completion', shell), here('--help')]);
    const names = [...help.stdout.matchAll(/^ {2}([a-z-]+) \[/gm)].map(([, name]) => name ?? '');
    t.true(names.length > 20);
    for (const name of names.filter((each) => each !== 'help')) t.true(stdout.includes(`'${name}`), name);
    if (spawnSync(shell, ['--version']).status !== 0) return;
    t.is(spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' }).stderr, '');
  });
}

/** A command, its exit code, and what it prints on standard error: none of it is in its output. */
const UNKNOWN: readonly (readonly [args: string, code: number, says: RegExp])[] = [
  ['watch --node nosuch', 1, /^meshgate: nosuch: no node with this address or name/],
  ['watch --type Nope', 1, /^meshgate: Nope: no data type/],
  ['watch --opcode Nope', 1, /^meshgate: Nope: no message/],
  ['get Nope', 1, /^meshgate: Nope: no data type/],
  ['get GPS 99', 1, /^meshgate: 99: no node/],
  ['get GPS 99 --from 1h', 1, /^meshgate: 99: no node/],
  ['get GPS 99 --bucket 1h', 1, /^meshgate: 99: no node/],
  ['export --node 99', 1, /^meshgate: 99: no node/],
  ['export --type Nope', 1, /^meshgate: Nope: no data type/],
  ['explain 99', 1, /^meshgate: 99: no node/],
  ['node 99', 1, /^meshgate: 99: no node/],
  ['send nosuch hi', 1, /^meshgate: nosuch: no node/],
  ['send 99 hi', 0, /^meshgate: node 0x0063 is not known yet; sending anyway\n$/],
  ['ping nosuch', 1, /^meshgate: nosuch: no node/],
  ['ping 99 -c 1 --timeout 0.2', 1, /^meshgate: node 0x0063 is not known yet; pinging it anyway\n$/],
];

for (const [line, code, says] of UNKNOWN) {
  test(`an unknown node or type is named: meshgate ${line}`, async (t) => {
    const ended = await here(...line.split(' '), '--json');
    t.is(ended.code, code, ended.stderr);
    t.regex(ended.stderr, says);
    if (code === 1 && !line.startsWith('ping 99')) t.is(ended.stdout, '');
    else t.notThrows(() => JSON.parse(ended.stdout));
  });
}

test('watch names an unknown node or message, and waits for it', async (t) => {
  for (const [args, says] of [
    [['--node', '99'], /^meshgate: node 0x0063 is not known yet; waiting for it$/m],
    [['--node', 'Node-99'], /^meshgate: node Node-99 is not known yet; waiting for it$/m],
    [['--opcode', '0x99'], /^meshgate: opcodes\.json does not list 0x99; waiting for it$/m],
  ] as const) {
    const watching = new MeshgateProcess(['watch', ...args], UP_ENV);
    await watching.logged(says);
    t.like(await watching.stop(), { code: 0, stdout: '' });
  }
});

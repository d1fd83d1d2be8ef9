import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ask, connectTo, listenTo, readAll } from '../support/classic-client.js';
import { untilSomeNodeIsActive } from '../support/line-client.js';
import { killProcesses, runToEnd, startProcess } from '../support/process-fixture.js';
import { runHere } from '../support/run-here.js';
import { temporaryFile } from '../support/tables.js';

const folder = mkdtempSync(join(tmpdir(), 'mg-start-'));
test.after.always(async () => {
  await killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

let sockets = 0;
const freshSocket = () => join(folder, `s${sockets++}`);

/** A port that does not exist: the gateway waits for it, and nothing else happens. */
const NO_DEVICE = ['--port', join(folder, 'no-tty')];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test.serial(
    `${signal} ends the gateway with exit code 0, removes its socket file, and waits for no client’s time-out`,
    async (t) => {
      const socket = freshSocket();
      const env = { MESHGATE_CLIENTS_REQUEST_TIMEOUT_MS: '60000' };
      const gateway = await startProcess(['--simulate', '--socket', socket], env);
      const client = await listenTo(socket);
      const half = await connectTo(socket);
      half.write('SEND-');
      const reply = readAll(half);
      const { code, stderr } = await gateway.stop(signal);
      t.is(code, 0, stderr);
      t.false(existsSync(socket));
      await client.closed;
      t.is((await reply).length, 0);
    },
  );
}

test.serial('a gateway stopped right after its banner shuts down cleanly', async (t) => {
  for (let round = 0; round < 5; round++) {
    const socket = freshSocket();
    const gateway = await startProcess([...NO_DEVICE, '--socket', socket]);
    t.is((await gateway.stop('SIGINT')).code, 0);
    t.false(existsSync(socket));
  }
});

test.serial('a gateway on a virtual mesh hears nodes, and suggests what to try next', async (t) => {
  const socket = freshSocket();
  const gateway = await startProcess(['--simulate', '--nodes', '3', '--seed', '7', '--socket', socket]);
  await gateway.printed(/^Simulated mesh: 3 virtual nodes, seed 7\. No hardware is used\.$/m);
  await untilSomeNodeIsActive(socket);
  const mesh = JSON.parse((await ask(socket, 'NINFO')).toString('utf8', 1));
  t.is(mesh.link.state, 'up');
  t.true(mesh.fresh);
  t.is((await gateway.stop()).code, 0);
});

test.serial('a gateway continues when nobody reads its log any more', async (t) => {
  const socket = freshSocket();
  const gateway = await startProcess([...NO_DEVICE, '--socket', socket], { MESHGATE_CLIENTS_MAX: '1' });
  gateway.child.stderr?.destroy();
  const held = await listenTo(socket);
  for (let round = 0; round < 3; round++) {
    t.is((await ask(socket, 'ACT-C')).toString('utf8', 2), 'Too Many Clients');
  }
  held.close();
  const { code } = await gateway.stop();
  t.is(code, 0);
  t.false(existsSync(socket));
});

test.serial('the socket is accessible to the group, and to nobody else', async (t) => {
  const socket = freshSocket();
  const gateway = await startProcess([...NO_DEVICE, '--socket', socket]);
  t.is(statSync(socket).mode & 0o777, 0o660);
  await gateway.stop();
});

test.serial('without --socket the socket is in XDG_RUNTIME_DIR', async (t) => {
  const runtime = mkdtempSync(join(folder, 'run-'));
  const gateway = await startProcess(NO_DEVICE, { XDG_RUNTIME_DIR: runtime });
  t.is(gateway.socketPath, join(runtime, 'meshgate.sock'));
  t.is((await ask(gateway.socketPath, 'ACT-C')).toString('hex'), '5300');
  await gateway.stop();
});

test.serial('a socket file left over from a killed gateway is replaced', async (t) => {
  const socket = freshSocket();
  const killed = await startProcess([...NO_DEVICE, '--socket', socket]);
  t.is((await killed.stop('SIGKILL')).signal, 'SIGKILL');
  t.true(statSync(socket).isSocket());
  const gateway = await startProcess([...NO_DEVICE, '--socket', socket]);
  t.is((await ask(socket, 'ACT-C')).toString('hex'), '5300');
  await gateway.stop();
});

test.serial(
  'a socket in use by a running gateway is refused with exit code 7 and its process id',
  async (t) => {
    const socket = freshSocket();
    const first = await startProcess([...NO_DEVICE, '--socket', socket]);
    const { code, stderr } = await runToEnd(['start', ...NO_DEVICE, '--socket', socket]);
    t.is(code, 7);
    t.true(stderr.includes(`the gateway with process id ${first.pid} is already using ${socket}`));
    t.true(stderr.includes(`kill ${first.pid}`));
    t.is((await ask(socket, 'ACT-C')).toString('hex'), '5300');
    await first.stop();
  },
);

test.serial('when several gateways start at the same time, exactly one wins', async (t) => {
  const socket = freshSocket();
  const attempts = await Promise.allSettled(
    [1, 2, 3, 4].map(() => startProcess([...NO_DEVICE, '--socket', socket])),
  );
  const winners = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
  t.is(winners.length, 1);
  t.is((await ask(socket, 'ACT-C')).toString('hex'), '5300');
  t.is((await winners[0]?.stop())?.code, 0);
  t.false(existsSync(socket));
});

test.serial('a regular file at the socket path is refused, and left untouched', async (t) => {
  const socket = freshSocket();
  writeFileSync(socket, 'mine');
  const { code, stderr } = await runToEnd(['start', ...NO_DEVICE, '--socket', socket]);
  t.is(code, 1);
  t.true(stderr.includes(`${socket} exists and is not a socket`));
  t.is(statSync(socket).size, 4);
});

test.serial(
  'a TCP port in use by another program is refused with exit code 7, and the socket file is removed',
  async (t) => {
    const { createServer } = await import('node:net');
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const socket = freshSocket();
    const { code, stderr } = await runToEnd([
      'start',
      ...NO_DEVICE,
      '--socket',
      socket,
      '--tcp',
      String(port),
    ]);
    t.is(code, 7);
    t.true(stderr.includes(`127.0.0.1:${port}`));
    t.false(existsSync(socket));
    holder.close();
  },
);

interface Refusal {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly code: number;
  readonly says: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: 'an option that does not exist',
    args: ['start', '--prot', 'x'],
    code: 2,
    says: /unknown option '--prot'/,
  },
  { name: 'a command that does not exist', args: ['stat'], code: 2, says: /unknown command 'stat'/ },
  { name: 'too many arguments', args: ['start', 'now'], code: 2, says: /too many arguments/ },
  {
    name: '--simulate with --port',
    args: ['start', '--simulate', '--port', 'auto'],
    code: 2,
    says: /--simulate and --port cannot be used together/,
  },
  { name: 'simulate without --pty', args: ['simulate'], code: 2, says: /required option '--pty <path>'/ },
  {
    name: 'an invalid setting',
    args: ['start', '--baud', 'fast'],
    code: 6,
    says: /baud = "fast": must be a whole number .* \(given on the command line\)/,
  },
  {
    name: 'a variable that is not a setting',
    args: ['start'],
    env: { MESHGATE_BAUT: '1' },
    code: 6,
    says: /MESHGATE_BAUT: unknown setting/,
  },
  {
    name: 'a settings file that is missing',
    args: ['start', '--config', '/nonexistent.toml'],
    code: 6,
    says: /\/nonexistent\.toml: no such file or directory/,
  },
  {
    name: 'a table that is missing',
    args: ['start'],
    env: { MESHGATE_OPCODES: '/nonexistent.json' },
    code: 6,
    says: /\/nonexistent\.json: no such file or directory/,
  },
  {
    name: 'a directory that is missing',
    args: ['start', '--socket', '/nonexistent/s'],
    code: 1,
    says: /no such directory\n {2}mkdir -p \/nonexistent/,
  },
];

for (const { name, args, env = {}, code, says } of REFUSALS) {
  test.serial(`${name} exits with code ${code} and shows why`, async (t) => {
    // A usage error is found before anything is started.
    const ended = await (code === 2 ? runHere(args, env) : runToEnd(args, env));
    t.is(ended.code, code, ended.stderr);
    t.regex(ended.stderr, says);
    t.notRegex(ended.stderr, /internal error|\n {4}at /);
    t.is(ended.stdout, '');
  });
}

test.serial('a wrong table is refused with file, key and reason, and exit code 6', async (t) => {
  const opcodes = temporaryFile(t, 'opcodes.json', {
    messages: [{ opcode: 300, name: 'X', from: ['node'] }],
    commands: [],
  });
  const { code, stderr } = await runToEnd(['start'], { MESHGATE_OPCODES: opcodes });
  t.is(code, 6);
  t.true(stderr.includes(`${opcodes}: messages.0.opcode: must be a number from 0 to 255`));
});

test.serial('help and version exit with 0', async (t) => {
  for (const args of [['--help'], ['start', '--help'], ['--version']]) {
    const { code, stdout, stderr } = await runHere(args);
    t.is(code, 0);
    t.not(stdout, '');
    t.is(stderr, '');
  }
});

test.serial('settings from file, variable and flag work together in the real process', async (t) => {
  const runtime = mkdtempSync(join(folder, 'run-'));
  const socket = join(runtime, 'from-file');
  const file = temporaryFile(
    t,
    'meshgate.toml',
    `socket = "${socket}"\nsimulate = true\n[simulation]\nnodes = 2\nseed = 5\n`,
  );
  const gateway = await startProcess(['--config', file, '--seed', '9'], { MESHGATE_SIMULATION_NODES: '4' });
  t.is(gateway.socketPath, socket);
  await gateway.printed(/4 virtual nodes, seed 9/);
  await gateway.stop();
});

test.serial('ports --json prints the ports as one JSON value', async (t) => {
  const { code, stdout } = await runToEnd(['ports', '--json']);
  t.is(code, 0);
  t.true(Array.isArray((JSON.parse(stdout) as { ports?: unknown }).ports));
});

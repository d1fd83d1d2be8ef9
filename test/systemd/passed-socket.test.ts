import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { takePassedSocket } from '../../src/systemd/passed-socket.js';
import { connectTo, readAll } from '../support/classic-client.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses, runToEnd } from '../support/process-fixture.js';
import { hasPython } from '../support/program.js';

test.after.always(killProcesses);

const MAIN = join(packageRoot, 'dist', 'src', 'main.js');
const pythonTest = hasPython ? test : test.skip;

/** Does what systemd does: opens sockets, announces them in variables, and becomes the program. */
const ACTIVATE = `
import os, socket, sys
program, kinds = sys.argv[2:], sys.argv[1].split(",")
listeners = []
for kind in kinds:
    listener = socket.socket(socket.AF_INET if kind == "tcp" else socket.AF_UNIX)
    listener.bind(("127.0.0.1", 0) if kind == "tcp" else kind)
    if kind != "tcp":
        os.chmod(kind, 0o640)
    listener.listen()
    listeners.append(os.dup(listener.fileno()))
kept = [os.dup(fd) for fd in listeners]
for number, fd in enumerate(kept):
    os.dup2(fd, 100 + number)
for number in range(len(kept)):
    os.dup2(100 + number, 3 + number, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(kept)), LISTEN_FDNAMES=":".join(["clients"] * len(kept)))
print("sockets are open", flush=True)
os.execvp(program[0], program)
`;

/** `kinds`: paths of Unix sockets, or `tcp`. */
async function activate(t: ExecutionContext, kinds: readonly string[], args: readonly string[]) {
  const program = [process.execPath, MAIN, 'start', '--http', 'off', ...args];
  const child = spawn('python3', ['-c', ACTIVATE, kinds.join(','), ...program], {
    env: { PATH: process.env.PATH ?? '', XDG_STATE_HOME: folder(t) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, stderr }));
  return { child, ended };
}

/** The reply to a request that may have been sent before the gateway started. */
async function askFirst(path: string, request: string): Promise<Buffer> {
  const socket = await connectTo(path);
  socket.write(request);
  return readAll(socket);
}

function folder(t: ExecutionContext): string {
  const { path, remove } = temporaryFolder();
  t.teardown(remove);
  return path;
}

pythonTest('a client that connects before the gateway runs waits for it and is answered', async (t) => {
  const path = join(folder(t), 's');
  const { child, ended } = await activate(t, [path], ['--port', '/nowhere/tty']);
  t.is((await askFirst(path, 'ACT-C')).toString('hex'), '5300');
  child.kill('SIGTERM');
  t.is((await ended).code, 0);
});

pythonTest('the file of a passed socket is left alone, and stays when the gateway ends', async (t) => {
  const path = join(folder(t), 's');
  const before = (kind: string) => {
    const { mode, uid, gid } = statSync(kind);
    return { mode: mode & 0o777, uid, gid };
  };
  const { child, ended } = await activate(t, [path], ['--simulate', '--socket', '/not/used']);
  await askFirst(path, 'ACT-C');
  t.is(before(path).mode, 0o640);
  child.kill('SIGTERM');
  await ended;
  t.true(existsSync(path));
  t.is(before(path).mode, 0o640);
});

pythonTest(
  'a second gateway on the path of a passed socket is refused with the process id of the first',
  async (t) => {
    const path = join(folder(t), 's');
    const { child, ended } = await activate(t, [path], ['--simulate']);
    await askFirst(path, 'ACT-C');
    const second = await runToEnd(['start', '--simulate', '--http', 'off', '--socket', path]);
    t.is(second.code, 7);
    t.true(second.stderr.includes(`process id ${child.pid}`), second.stderr);
    child.kill('SIGTERM');
    await ended;
  },
);

pythonTest('unsupported sockets are refused: several sockets, and one without a path', async (t) => {
  const path = folder(t);
  const table = [
    [[join(path, 'a'), join(path, 'b')], /2 sockets were passed, but only one is supported/],
    [['tcp'], /the passed socket is not a Unix socket with a path/],
  ] as const;
  for (const [kinds, message] of table) {
    const { ended } = await activate(t, kinds, ['--simulate']);
    const { code, stderr } = await ended;
    t.is(code, 6, stderr);
    t.regex(stderr, message);
  }
});

test('sockets passed to another process are not touched, and are not passed to children', (t) => {
  for (const env of [{}, { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'x' }, { LISTEN_FDS: '1' }]) {
    const given: NodeJS.ProcessEnv = { ...env, OTHER: 'stays' };
    t.is(takePassedSocket(given), undefined);
    t.deepEqual(given, { OTHER: 'stays' });
  }
});

test('a file descriptor that is not a socket is refused', (t) => {
  const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: 'x' };
  t.throws(() => takePassedSocket(env), { code: 'BAD_CONFIG' });
});

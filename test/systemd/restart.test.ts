import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { hasPython } from '../support/program.js';
import { Waiters } from '../support/waiters.js';

const MAIN = join(packageRoot, 'dist', 'src', 'main.js');
const pythonTest = hasPython ? test : test.skip;

/** Does what systemd does: keeps a listening socket, and restarts the program with it whenever it has ended. */
const SUPERVISE = `
import os, socket, sys
path, program = sys.argv[1], sys.argv[2:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(511)
kept = os.dup2(listener.fileno(), 100)
while True:
    pid = os.fork()
    if pid == 0:
        os.dup2(kept, 3, inheritable=True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
        os.execvp(program[0], program)
    print("pid", pid, flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`;

function supervise(t: ExecutionContext, path: string, state: string) {
  const program = [process.execPath, MAIN, 'start', '--http', 'off', '--port', '/nowhere/tty'];
  const child = spawn('python3', ['-c', SUPERVISE, path, ...program], {
    env: { PATH: process.env.PATH ?? '', XDG_STATE_HOME: state },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  t.teardown(() => process.kill(-(child.pid ?? 0), 'SIGKILL'));
  let output = '';
  const waiters = new Waiters(() => output);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    waiters.look();
  });
  const count = (word: RegExp) => [...output.matchAll(word)];
  return {
    /** The process id of the gateway of this run, counted from 0, once its banner is printed. */
    pidOfRun: (run: number) =>
      waiters.until(() => {
        const greeted = count(/serves clients/g).length;
        return greeted > run && Number(count(/^pid (\d+)$/gm)[run]?.[1]);
      }),
    exitCodes: () => count(/^ended (-?\d+)$/gm).map(([, code]) => Number(code)),
    output: () => output,
  };
}

/** The outcome of one request: its reply in hex, or the system's error. */
async function attempt(path: string): Promise<string> {
  const socket = connect(path);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write('ACT-C');
  const failure = await new Promise<string | undefined>((resolve) => {
    socket.once('error', (error) => resolve(String(error)));
    socket.once('close', () => resolve(undefined));
  });
  return failure ?? Buffer.concat(chunks).toString('hex');
}

pythonTest('no client of a passed socket is reset while gateways end and start', async (t) => {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const path = join(folder.path, 's');
  const supervisor = supervise(t, path, folder.path);
  const outcomes = new Map<string, number>();
  let isOver = false;
  await supervisor.pidOfRun(0);
  const clients = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const outcome = await attempt(path);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  });
  for (let run = 0; run < 5; run++) process.kill(await supervisor.pidOfRun(run), 'SIGTERM');
  await supervisor.pidOfRun(5);
  isOver = true;
  await Promise.all(clients);
  t.deepEqual([...outcomes.keys()], ['5300'], supervisor.output());
  t.deepEqual(supervisor.exitCodes(), [0, 0, 0, 0, 0]);
});

pythonTest('an accepted session gets the replies to its requests when the gateway ends', async (t) => {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const path = join(folder.path, 's');
  const supervisor = supervise(t, path, folder.path);
  const pid = await supervisor.pidOfRun(0);
  const socket = connect(path);
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  const asked = Array.from({ length: 50 }, (_, id) =>
    JSON.stringify({ jsonrpc: '2.0', id, method: 'status' }),
  );
  process.kill(pid, 'SIGSTOP');
  socket.write(`${asked.join('\n')}\n`);
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGCONT');
  await closed;
  const lines = received
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.is(lines.filter(({ result }) => result).length, 50);
  t.like(lines.at(-1), { method: 'closing', params: { reason: 'STOPPED' } });
});

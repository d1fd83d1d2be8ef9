/** Gateways in separate network namespaces, like containers that share a directory. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../src/base/package-root.js';
import { EXIT } from '../src/cli/exit-codes.js';
import { ask } from './support/classic-client.js';
import { temporaryFolder } from './support/gateway-fixture.js';
import { killProcesses, startProcess } from './support/process-fixture.js';
import { Program } from './support/program.js';

test.after.always(killProcesses);

/** Another network namespace: an ordinary user needs a user namespace for it, which some systems do not allow. */
const UNSHARE = process.getuid?.() === 0 ? ['-n'] : ['-rn'];
const isAllowed = process.platform === 'linux' && spawnSync('unshare', [...UNSHARE, 'true']).status === 0;

/** Where the system allows no namespaces, the test report says so. */
function namespaceTest(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  test(title, async (t) => {
    if (isAllowed) return run(t);
    t.log('not tried: this system does not allow this user a network namespace');
    t.pass();
  });
}

const MAIN = join(packageRoot, 'dist', 'src', 'main.js');
const GATEWAY = ['--http', 'off', '--port', '/nowhere/tty'];

function folder(t: ExecutionContext): string {
  const { path, remove } = temporaryFolder();
  t.teardown(remove);
  return path;
}

/** Runs `meshgate start` in another network namespace to its end. */
async function startElsewhere(args: readonly string[]) {
  const command = [...UNSHARE, process.execPath, MAIN, 'start', ...GATEWAY, ...args];
  const program = new Program('unshare', command, {});
  return { code: await program.ended, output: program.output };
}

namespaceTest('a state directory is locked for gateways of other network namespaces too', async (t) => {
  const path = folder(t);
  const state = join(path, 'state');
  const first = await startProcess([...GATEWAY, '--socket', join(path, 'a'), '--state', state]);
  const second = await startElsewhere(['--socket', join(path, 'b'), '--state', state]);
  t.is(second.code, EXIT.taken, second.output);
  t.true(second.output.includes(`the gateway with process id ${first.pid} already keeps its history`));
  t.is((await first.stop()).code, 0);
});

namespaceTest('a socket served by a gateway of another network namespace is not removed', async (t) => {
  const path = folder(t);
  const socket = join(path, 's');
  const first = await startProcess([...GATEWAY, '--socket', socket, '--state', join(path, '1')]);
  const { ino } = lstatSync(socket);
  const second = await startElsewhere(['--socket', socket, '--state', join(path, '2')]);
  t.is(second.code, EXIT.taken, second.output);
  t.true(second.output.includes(`the gateway with process id ${first.pid} is already using`));
  t.is(lstatSync(socket).ino, ino);
  t.is((await ask(socket, 'ACT-C')).toString('hex'), '5300');
  t.is((await first.stop()).code, 0);
  t.false(existsSync(socket));
});

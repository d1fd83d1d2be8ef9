/** Internal errors of the gateway, as they appear in its log. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses, runToEnd, startProcess } from '../support/process-fixture.js';

const folder = temporaryFolder();
test.after.always(async () => {
  await killProcesses();
  folder.remove();
});

let gateways = 0;

/** `source`: a module that runs in the process, and in each of its threads, before anything else. */
function startWith(source: string, env: Readonly<Record<string, string>> = {}) {
  const name = `g${gateways++}`;
  const own = ['--socket', join(folder.path, `${name}.sock`), '--state', join(folder.path, name)];
  return startProcess(['--simulate', '--nodes', '1', '--http', 'off', ...own], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}`,
    ...env,
  });
}

for (const [what, mistake] of [
  ['unhandled rejection', "void Promise.reject(new Error('oops'))"],
  ['uncaught exception', "throw new Error('oops')"],
]) {
  test.serial(`an ${what} ends the process, and is logged as an error`, async (t) => {
    const gateway = await startWith(`process.on('SIGUSR2', () => { ${mistake}; });`);
    const { code, stderr } = await gateway.stop('SIGUSR2');
    t.is(code, 1);
    t.regex(stderr, new RegExp(`^\\S+ gateway: error: ${what}, exiting: Error: oops$`, 'm'));
  });
}

test.serial('the death of the history writer thread is logged as an error', async (t) => {
  const gateway = await startWith(`
    import { isMainThread, workerData } from 'node:worker_threads';
    if (!isMainThread && workerData.keepMs) setTimeout(() => { throw new Error('oops'); });
  `);
  const [line] = await gateway.logged(/^.* history: error: .*$/m);
  t.regex(line, /the thread that writes it died: oops/);
});

test.serial(
  'if that thread dies before it has loaded SQLite, doctor does not advise to install it',
  async (t) => {
    const gateway = await startWith(`
    import { isMainThread, workerData } from 'node:worker_threads';
    if (!isMainThread && workerData.keepMs) throw new Error('oops');
  `);
    const { stdout } = await runToEnd(['doctor', '--socket', gateway.socketPath]);
    t.regex(stdout, /in memory only: the thread that writes it died: oops/);
    t.regex(stdout, /starts the thread again every 10 s/);
    t.notRegex(stdout, /libsql/);
  },
);

test.serial('in the journal, lines have the priorities of their levels', async (t) => {
  const journal = join(folder.path, 'journal');
  const fd = openSync(journal, 'w');
  t.teardown(() => closeSync(fd));
  const { dev, ino } = fstatSync(fd);
  // Standard error is reopened as that file before anything is logged.
  const gateway = await startWith(
    `
    import { isMainThread } from 'node:worker_threads';
    import { closeSync, openSync } from 'node:fs';
    if (isMainThread) { closeSync(2); openSync(${JSON.stringify(journal)}, 'a'); }
    process.on('SIGUSR2', () => { void Promise.reject(new Error('oops')); });
  `,
    { JOURNAL_STREAM: `${dev}:${ino}` },
  );
  await gateway.stop('SIGUSR2');
  const lines = readFileSync(journal, 'utf8').split('\n');
  t.true(
    lines.some((line) => /^<3>\S+ gateway: error: unhandled rejection, exiting: Error: oops$/.test(line)),
  );
  t.true(lines.some((line) => /^<[46]>\S+ \w+: /.test(line)));
});

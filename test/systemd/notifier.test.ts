import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createLog } from '../../src/base/log.js';
import { ServiceNotifier } from '../../src/systemd/notifier.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { ManualClock } from '../support/manual-clock.js';
import { hasSystemdNotify, NotifySocket } from '../support/notify-socket.js';
import { killProcesses, startProcess } from '../support/process-fixture.js';

test.after.always(killProcesses);

interface Fixture {
  readonly notifier: ServiceNotifier;
  readonly clock: ManualClock;
  readonly logged: string[];
  /** What systemd-notify was run with. */
  notified(): string[];
}

/** `program`: a replacement for systemd-notify; none where it is empty. */
function start(
  t: ExecutionContext,
  env: NodeJS.ProcessEnv = { NOTIFY_SOCKET: '/not/used' },
  program = 'echo "$1" >> "$TOLD"',
): Fixture {
  const { path, remove } = temporaryFolder();
  t.teardown(remove);
  const clock = new ManualClock();
  const logged: string[] = [];
  const file = join(path, 'notified');
  if (program !== '') {
    writeFileSync(join(path, 'systemd-notify'), `#!/bin/sh\n${program}\n`);
    chmodSync(join(path, 'systemd-notify'), 0o755);
  }
  const log = createLog('gateway', (line) => logged.push(line), clock);
  const notifier = new ServiceNotifier(log, { ...env, PATH: path, TOLD: file }, clock);
  const notified = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
  return { notifier, clock, logged, notified };
}

test('systemd is notified when clients can connect, of the state of the link, and of the end', async (t) => {
  const { notifier, logged, notified } = start(t);
  notifier.ready();
  notifier.status('/dev/ttyUSB0: the root is responding');
  await notifier.stopping();
  t.deepEqual(notified(), ['READY=1', 'STATUS=/dev/ttyUSB0: the root is responding', 'STOPPING=1']);
  t.deepEqual(logged, []);
});

test('without systemd no program is run', async (t) => {
  const { notifier, notified } = start(t, { WATCHDOG_USEC: '1000' });
  notifier.ready();
  notifier.status('x');
  await notifier.stopping();
  t.deepEqual(notified(), []);
});

test('of pending notifications the latest of each kind is sent; one reload ends before the next begins', async (t) => {
  const { notifier, notified } = start(t);
  notifier.status('first');
  for (let count = 0; count < 100; count++) {
    notifier.status(`number ${count}`);
    notifier.reloading();
    notifier.ready();
  }
  await notifier.stopping();
  t.deepEqual(notified(), ['STATUS=first', 'STATUS=number 99', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
});

test('a status is one line, and is not sent twice', async (t) => {
  const { notifier, notified } = start(t);
  for (const text of ['two\nlines\x1b[31m', 'two\nlines\x1b[31m', 'x'.repeat(1000)]) {
    notifier.status(text);
    await notifier.stopping();
  }
  t.deepEqual(
    notified().filter((line) => line.startsWith('STATUS')),
    ['STATUS=two lines', `STATUS=${'x'.repeat(200)}`],
  );
});

test('the watchdog is fed at half of its time, once the service is ready and until it stops', async (t) => {
  const { notifier, clock, notified } = start(t, { NOTIFY_SOCKET: '/not/used', WATCHDOG_USEC: '60000000' });
  const fed = () => notified().filter((line) => line === 'WATCHDOG=1').length;
  const pass = async (ms: number) => {
    clock.advance(ms);
    notifier.status(`at ${clock.monotonic()}`);
    await notifier.flush();
  };
  await pass(60_000);
  t.is(fed(), 0, 'not before it is ready');
  notifier.ready();
  await pass(29_999);
  t.is(fed(), 0);
  await pass(1);
  t.is(fed(), 1);
  notifier.ready();
  await pass(30_000);
  t.is(fed(), 2, 'being ready again does not feed it twice');
  await notifier.stopping();
  clock.advance(600_000);
  await notifier.flush();
  t.is(fed(), 2);
});

test("another process's watchdog is not fed", async (t) => {
  const env = { NOTIFY_SOCKET: '/not/used', WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1' };
  const { notifier, clock, notified } = start(t, env);
  notifier.ready();
  clock.advance(600_000);
  await notifier.stopping();
  t.deepEqual(notified(), ['READY=1', 'STOPPING=1']);
});

test('without systemd-notify one line says so, and the gateway continues', async (t) => {
  const { notifier, logged } = start(t, { NOTIFY_SOCKET: '/not/used' }, '');
  notifier.ready();
  notifier.status('x');
  await notifier.stopping();
  t.is(logged.length, 1);
  t.regex(logged[0] ?? '', /could not send READY=1 to systemd: systemd-notify is not installed/);
});

test('when systemd-notify fails the reason is logged', async (t) => {
  const { notifier, logged } = start(t, { NOTIFY_SOCKET: '/not/used' }, 'exit 3');
  notifier.ready();
  await notifier.stopping();
  t.regex(logged[0] ?? '', /could not send READY=1 to systemd: systemd-notify failed with 3/);
});

const systemdTest = hasSystemdNotify ? test : test.skip;

systemdTest(
  'a gateway notifies systemd throughout its life: ready, link, watchdog, reloading, end',
  async (t) => {
    const { path, remove } = temporaryFolder();
    const socket = await NotifySocket.open(join(path, 'notify'));
    t.teardown(() => {
      socket.close();
      remove();
    });
    const env = { NOTIFY_SOCKET: join(path, 'notify'), WATCHDOG_USEC: '200000' };
    const args = ['--simulate', '--nodes', '2', '--seed', '7', '--http', 'off', '--socket', join(path, 's')];
    const gateway = await startProcess(args, env);
    await socket.until('READY=1');
    await socket.until('STATUS=virtual mesh of 2 nodes, seed 7: the root is responding');
    await socket.until('WATCHDOG=1');
    socket.forget();
    gateway.child.kill('SIGHUP');
    await socket.until('RELOADING=1');
    await socket.until('READY=1');
    const { code } = await gateway.stop('SIGTERM');
    await socket.until('STOPPING=1');
    t.is(code, 0);
    const notified = socket.notified.filter((line) => !line.startsWith('STATUS') && line !== 'WATCHDOG=1');
    t.deepEqual(notified, ['RELOADING=1', 'READY=1', 'STOPPING=1']);
  },
);

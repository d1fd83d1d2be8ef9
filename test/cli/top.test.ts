/** `meshgate top` on a real pseudo-terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { killProcesses, type RunningGateway, startProcess } from '../support/process-fixture.js';
import { hasSocat, openPty, type Pty } from '../support/pty.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mg-top-'));
const socket = join(folder, 'top.sock');
const ptyTest = hasSocat ? test.serial : test.serial.skip;

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';

const startGateway = (): Promise<RunningGateway> =>
  startProcess(['--simulate', '--nodes', '3', '--seed', '7', '--http', 'off', '--socket', socket]);

const children: ChildProcess[] = [];
const ptys: Pty[] = [];

async function openScreen(): Promise<Pty> {
  const pty = await openPty();
  ptys.push(pty);
  return pty;
}

test.after.always(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const pty of ptys) await pty.close();
  await killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

/** A process whose terminal is the pseudo-terminal; what it prints is what `pty` receives. */
function runOn(pty: Pty, args: readonly string[]): ChildProcess {
  const terminal = openSync(pty.path, 'r+');
  const env = { ...process.env, TERM: 'xterm', NO_COLOR: '1' };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: [terminal, terminal, 'pipe'] });
  children.push(child);
  closeSync(terminal);
  return child;
}

/** A line about a node below the title, before the next screen begins. */
const showsTraffic = (received: Buffer) =>
  received
    .toString()
    .split('TRAFFIC')
    .slice(1)
    .some((below) => / 0x000[567] +[A-Z]/.test(below.split('ADDRESS')[0] ?? ''));

const shows = (text: string) => (received: Buffer) => received.includes(text);

ptyTest('top takes over the terminal, shows nodes and traffic live, and restores the terminal', async (t) => {
  let gateway = await startGateway();
  const endings = [
    { leave: (pty: Pty, _top: ChildProcess) => pty.write(Buffer.from('q')) },
    { leave: (pty: Pty, _top: ChildProcess) => pty.write(Buffer.from('\x03')) },
    { leave: async (_pty: Pty, top: ChildProcess) => top.kill('SIGTERM') },
  ];
  for (const { leave } of endings) {
    const pty = await openScreen();
    const top = runOn(pty, ['top', '--socket', socket]);
    const ended = once(top, 'close');
    await pty.readUntil(shows('0x0007'));
    await pty.readUntil(showsTraffic);
    await leave(pty, top);
    t.deepEqual(await ended, [0, null]);
    const shown = (await pty.readUntil(shows(LEAVE))).toString();
    t.is(shown.indexOf(ENTER), 0);
    t.true(shown.endsWith(LEAVE));
  }
  const pty = await openScreen();
  const top = runOn(pty, ['top', '--socket', socket]);
  await pty.readUntil(shows('0x0007'));
  await gateway.stop();
  await pty.readUntil(shows('lost the connection to the gateway'));
  gateway = await startGateway();
  await pty.readUntil((received) => {
    const text = received.toString();
    return text.slice(text.lastIndexOf('lost the connection')).includes('link up for');
  });
  await pty.write(Buffer.from('q'));
  t.deepEqual(await once(top, 'close'), [0, null]);
});

ptyTest('without a gateway top does not touch the terminal', async (t) => {
  const pty = await openScreen();
  const top = runOn(pty, ['top', '--socket', join(folder, 'nobody.sock')]);
  t.deepEqual(await once(top, 'close'), [3, null]);
  t.is(pty.received().length, 0);
});

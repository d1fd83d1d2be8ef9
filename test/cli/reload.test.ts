import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { killProcesses, runToEnd, startProcess } from '../support/process-fixture.js';
import { hasSocat } from '../support/pty.js';

const folder = mkdtempSync(join(tmpdir(), 'mg-reload-'));
test.after.always(async () => {
  await killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;

/** A gateway that reads its configuration from a file, on a port that does not exist. */
async function start(settings: string) {
  const config = join(folder, `${files++}.toml`);
  writeFileSync(config, settings);
  const args = ['--config', config, '--port', join(folder, 'no-tty'), '--http', 'off'];
  const socket = join(folder, `s${files}`);
  const gateway = await startProcess([...args, '--socket', socket]);
  const reload = (next: string) => {
    writeFileSync(config, next);
    gateway.child.kill('SIGHUP');
  };
  return { gateway, config, socket, reload };
}

test('at SIGHUP the file is read again: the log lists what has changed and what needs a restart', async (t) => {
  const { gateway, reload } = await start('');
  reload('baud = 9600\n[mesh]\nidle_after_s = 7\n[names]\n"0x0005" = "Pump"\n');
  await gateway.logged(/ gateway: reload: applied mesh\.idle_after_s, names\n/);
  await gateway.logged(/ gateway: reload: restart needed to apply baud\n/);
  t.is((await gateway.stop()).code, 0);
});

test('a wrong file is refused with the same message as at start, and the settings stay', async (t) => {
  const { gateway, config, socket, reload } = await start('[mesh]\nidle_after_s = 7\n');
  reload('[mesh]\nidle_after_s = "soon"\n');
  const [, words = ''] = await gateway.logged(/ gateway: reload failed, no settings changed: (.*)\n/);
  const atStart = await runToEnd(['start', '--config', config]);
  t.is(atStart.code, 6);
  t.true(atStart.stderr.includes(words), `${atStart.stderr}\n${words}`);
  t.regex(words, /^mesh\.idle_after_s = "soon": must be a whole number from 1 to 86400 \(in /);
  const status = await runToEnd(['status', '--socket', socket]);
  t.is(status.code, 0, status.stderr);
  await gateway.stop();
});

test('duplicate node names are refused at SIGHUP, and the names stay', async (t) => {
  const { gateway, socket, reload } = await start('[names]\n5 = "Pump"\n');
  reload('[names]\n5 = "Pump"\n6 = "PUMP"\n');
  await gateway.logged(/names\.6 = "PUMP": another node already has this name: 5 = "Pump" \(in .*\n/);
  t.is((await runToEnd(['status', '--socket', socket])).code, 0);
  await gateway.stop();
});

test('a missing file is refused, and read once it is there again', async (t) => {
  const { gateway, config, reload } = await start('');
  rmSync(config);
  gateway.child.kill('SIGHUP');
  await gateway.logged(/reload failed, no settings changed: .*ENOENT/);
  reload('[names]\n"0x0005" = "Pump"\n');
  await gateway.logged(/reload: applied names\n/);
  t.is((await gateway.stop()).code, 0);
});

test('flags and variables override the file when it is read again, as at start', async (t) => {
  const { gateway, reload } = await start('');
  reload('port = "/dev/ttyS7"\n');
  await gateway.logged(/ gateway: reload: no settings changed\n/);
  t.notRegex(gateway.stderr, /restart/);
  await gateway.stop();
});

test('the log can be switched to JSON lines, and back', async (t) => {
  const { gateway, reload } = await start('');
  reload('[log]\nformat = "json"\n');
  const [line] = await gateway.logged(/^\{.*"text":"reload: applied log\.format"\}$/m);
  t.like(JSON.parse(line), { level: 'info', room: 'gateway' });
  reload('');
  await gateway.logged(/^\d\d:\d\d:\d\d gateway: reload: applied log\.format$/m);
  await gateway.stop();
});

const ptyTest = hasSocat ? test : test.skip;

ptyTest('a gateway exits as with Ctrl-C when its terminal is closed', async (t) => {
  const main = join(packageRoot, 'dist', 'src', 'main.js');
  const socket = join(folder, 'terminal');
  const command = `${process.execPath} ${main} start --simulate --http off --socket ${socket}`;
  const terminal = spawn('socat', ['-', `EXEC:${command},pty,setsid,ctty,stderr`], {
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'terminal-state') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => terminal.kill('SIGKILL'));
  let printed = '';
  const served = new Promise<void>((resolve) => {
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.includes('serves clients')) resolve();
    });
  });
  await served;
  const status = await runToEnd(['status', '--json', '--socket', socket]);
  const { pid } = JSON.parse(status.stdout) as { pid: number };
  process.kill(pid, 'SIGHUP');
  await untilPrinted(() => printed.includes('reload: no settings changed'), terminal.stdout);
  terminal.kill('SIGKILL');
  await once(terminal, 'exit');
  await untilGone(socket);
  t.pass();
});

async function untilPrinted(isThere: () => boolean, stream: NodeJS.ReadableStream): Promise<void> {
  while (!isThere()) await once(stream, 'data');
}

/** The gateway no longer answers. */
async function untilGone(socket: string): Promise<void> {
  while ((await runToEnd(['status', '--socket', socket])).code !== 3);
}

/** `meshgate port release` on the real process, with the real serial port on a pseudo-terminal. */
import { join } from 'node:path';
import test from 'ava';
import { EXIT } from '../../src/cli/exit-codes.js';
import { connect, type StreamEvent } from '../../src/client/index.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import {
  killProcesses,
  MeshgateProcess,
  type RunningGateway,
  runToEnd,
  startProcess,
} from '../support/process-fixture.js';
import { hasSocat, openPty, type Pty } from '../support/pty.js';

const ptyTest = hasSocat ? test.serial : test.serial.skip;

const { path: folder, remove } = temporaryFolder();
test.after.always(async () => {
  await killProcesses();
  remove();
});

const NINFO = 'NINFO';

async function startOn(pty: Pty, name: string): Promise<RunningGateway> {
  const gateway = await startProcess(['--port', pty.path, '--http', 'off', '--socket', join(folder, name)]);
  await pty.readUntil((received) => received.includes(NINFO));
  return gateway;
}

/** The states of the link in order, up to this one. */
async function statesUntil(socket: string, wanted: string): Promise<{ states: Promise<string[]> }> {
  const client = await connect({ socket });
  const stream = client.subscribe({ kinds: ['link'], snapshot: true });
  const first = await stream[Symbol.asyncIterator]().next();
  if ((first.value as StreamEvent).kind !== 'snapshot') throw new Error('no snapshot');
  const read = async () => {
    const states: string[] = [];
    for await (const event of stream) {
      if (event.kind !== 'link') continue;
      states.push(event.link.state);
      if (event.link.state === wanted) break;
    }
    client.close();
    return states;
  };
  return { states: read() };
}

ptyTest(
  'the port is free while a command runs, and is reopened when that fails; clients are notified',
  async (t) => {
    const pty = await openPty();
    const { socketPath } = await startOn(pty, 'a');
    const { states } = await statesUntil(socketPath, 'probing');
    // A second opening is refused while another program has the lock: the command finds the port free.
    const script = `
    const { SerialPort } = require('serialport');
    const port = new SerialPort({ path: process.env.MESHGATE_PORT, baudRate: 115200 }, (error) => {
      console.log(error ? 'busy' : 'free ' + process.env.MESHGATE_PORT);
      port.close(() => process.exit(3));
    });`;
    const result = await runToEnd([
      'port',
      'release',
      '--socket',
      socketPath,
      '--',
      process.execPath,
      '-e',
      script,
    ]);
    t.is(result.stdout.trim(), `free ${pty.path}`, result.stderr);
    t.is(result.code, 3, 'the exit code is the command’s');
    t.deepEqual(await states, ['maintenance', 'opening', 'probing']);
    await pty.close();
  },
);

ptyTest('a port released for a time is reopened after it, or at once by `port take`', async (t) => {
  const pty = await openPty();
  const { socketPath } = await startOn(pty, 'b');
  for (const [time, isTaken] of [
    ['200ms', false],
    ['1h', true],
  ] as const) {
    const { states } = await statesUntil(socketPath, 'probing');
    const released = await runToEnd(['port', 'release', '--for', time, '--socket', socketPath]);
    t.is(released.code, EXIT.ok, released.stderr);
    t.regex(released.stdout, new RegExp(`^${pty.path} is free for`));
    if (isTaken) t.is((await runToEnd(['port', 'take', '--socket', socketPath])).code, EXIT.ok);
    t.deepEqual(await states, ['maintenance', 'opening', 'probing']);
  }
  await pty.close();
});

ptyTest('a command that does not exist is reported, and the port is reopened', async (t) => {
  const pty = await openPty();
  const { socketPath } = await startOn(pty, 'c');
  const { states } = await statesUntil(socketPath, 'probing');
  const result = await runToEnd(['port', 'release', '--socket', socketPath, '--', '/no/such/tool']);
  t.is(result.code, EXIT.badUsage);
  t.regex(result.stderr, /no\/such\/tool/);
  t.deepEqual(await states, ['maintenance', 'opening', 'probing']);
  await pty.close();
});

ptyTest('a command’s own flags are not mistaken for ours', async (t) => {
  const pty = await openPty();
  const { socketPath } = await startOn(pty, 'd');
  const release = new MeshgateProcess([
    'port',
    'release',
    '--socket',
    socketPath,
    '--',
    'echo',
    '--port',
    'x',
    '--json',
  ]);
  const { stdout, code } = await release.ended;
  t.is(stdout, '--port x --json\n');
  t.is(code, 0);
  await pty.close();
});

/** The real process with the real serial port, on a pseudo-terminal. */
import { readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { encodeFrame } from '../../src/uart/frame.js';
import { ask, type ListeningClient, listenTo } from '../support/classic-client.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { bytesOf } from '../support/hex.js';
import { untilSomeNodeIsActive } from '../support/line-client.js';
import {
  killProcesses,
  MeshgateProcess,
  type RunningGateway,
  startProcess,
} from '../support/process-fixture.js';
import { hasSocat, openPty, type Pty } from '../support/pty.js';

const ptyTest = hasSocat ? test.serial : test.serial.skip;

const { path: folder, remove } = temporaryFolder();
test.after.always(async () => {
  await killProcesses();
  remove();
});

let names = 0;
const freshPath = (name: string) => join(folder, `${name}${names++}`);
const frame = (body: string) => encodeFrame(bytesOf(body));
const NINFO = frame('4E 49 4E 46 4F');

/** A gateway on a pseudo-terminal, once it has asked the board for its nodes. */
async function startOnPty(pty: Pty): Promise<RunningGateway> {
  const gateway = await startProcess(['--port', pty.path, '--socket', freshPath('s')]);
  await pty.readUntil((received) => received.includes(NINFO));
  return gateway;
}

ptyTest('data sent by a node can be read with [GET]', async (t) => {
  const pty = await openPty();
  const gateway = await startOnPty(pty);
  const client = await listenTo(gateway.socketPath);
  const boot = Buffer.from('I (312) boot: ESP-IDF\r\n');
  await pty.write(
    Buffer.concat([boot, frame('00 05 44 02 00 07 01 39 30 00 09 BC 00'), frame('00 05 45 FF FA FE')]),
  );
  t.is((await client.has(6)).toString('hex'), '000545fffafe');
  const reply = await ask(gateway.socketPath, '[GET]\0\x05GPS');
  t.is(reply.toString('hex'), '53475053060100053930 0009bc00'.replace(' ', ''));
  t.is((await gateway.stop()).code, 0);
  await pty.close();
});

ptyTest('SEND- is written as one frame, escaped, and nothing else', async (t) => {
  const pty = await openPty();
  const gateway = await startOnPty(pty);
  await pty.write(frame('00 00 01 00'));
  await gateway.logged(/the root is responding/);
  const before = pty.received().length;
  const request = bytesOf('53 45 4E 44 2D 00 05 FF FA FE');
  t.is((await ask(gateway.socketPath, request)).toString(), 'S');
  const expected = bytesOf('FF 53 45 4E 44 2D 00 05 FA 05 FA 00 FA 04 FE');
  const received = await pty.readUntil((all) => all.length >= before + expected.length);
  t.is(received.toString('hex', before), expected.toString('hex'));
  await gateway.stop();
  await pty.close();
});

ptyTest('a gateway that starts without its device opens it when it appears', async (t) => {
  const port = freshPath('tty');
  const gateway = await startProcess(['--port', port, '--socket', freshPath('s')]);
  const client = await listenTo(gateway.socketPath);
  const failure = await ask(gateway.socketPath, 'SEND-\0\x05E');
  t.is(failure.toString('utf8', 2), 'No Serial Connection');
  const pty = await openPty();
  symlinkSync(pty.path, port);
  await pty.readUntil((received) => received.includes(NINFO));
  await pty.write(frame('00 05 52 00'));
  t.is((await client.has(4)).toString('hex'), '00055200');
  t.is((await ask(gateway.socketPath, 'SEND-\0\x05E')).toString(), 'S');
  await gateway.stop();
  await pty.close();
});

/** Every listening client has received a message that the board repeats until it gets through. */
async function untilHeard(pty: Pty, clients: readonly ListeningClient[]): Promise<void> {
  await pty.write(frame('00 05 52 00'));
  await Promise.all(clients.map((client) => client.has(4)));
}

ptyTest('unplugging and replugging the device under load disconnects no listening client', async (t) => {
  const port = freshPath('tty');
  const first = await openPty();
  symlinkSync(first.path, port);
  const gateway = await startProcess(['--port', port, '--socket', freshPath('s')]);
  await first.readUntil((received) => received.includes(NINFO));
  const clients = await Promise.all(Array.from({ length: 10 }, () => listenTo(gateway.socketPath)));
  await untilHeard(first, clients);
  const load = Buffer.concat(
    Array.from({ length: 500 }, (_, index) => frame(`00 05 00 AA*40 0${index % 10}`)),
  );
  const loading = first.write(load);
  const sending = Promise.allSettled(
    Array.from({ length: 20 }, () => ask(gateway.socketPath, 'SENDI\0\x05hello')),
  );
  await clients[0]?.has(4000);
  await first.hangUp();
  await loading.catch(() => {});
  unlinkSync(port);
  for (const result of await sending) {
    const reply = result.status === 'fulfilled' ? result.value.toString() : String(result.reason);
    t.regex(reply, /^(S|F.No Serial Connection)$/s);
  }
  await gateway.logged(/no link: /);
  t.is((await ask(gateway.socketPath, 'ACT-C')).toString('hex'), '5300');

  const share = await cpuShareOf(gateway.pid);
  t.true(share < 0.5, `uses ${Math.round(share * 100)} % of a processor while there is no device`);

  const second = await openPty();
  for (const client of clients) client.forget();
  symlinkSync(second.path, port);
  await second.readUntil((received) => received.includes(NINFO));
  await untilHeard(second, clients);
  t.is((await ask(gateway.socketPath, 'ACT-C')).toString('hex'), '5301');
  t.true(clients.every(({ socket }) => !socket.destroyed));
  t.is((await gateway.stop()).code, 0);
  await Promise.all([first.close(), second.close()]);
});

ptyTest('while the device is away the CPU stays idle', async (t) => {
  const pty = await openPty();
  const gateway = await startOnPty(pty);
  await pty.hangUp();
  await gateway.logged(/no link: /);
  const share = await cpuShareOf(gateway.pid);
  t.true(share < 0.5, `uses ${Math.round(share * 100)} % of a processor`);
  t.is((await gateway.stop()).code, 0);
  await pty.close();
});

ptyTest('simulate puts a mesh on a pseudo-terminal, and start --port opens it', async (t) => {
  const tty = freshPath('tty');
  const mesh = new MeshgateProcess(['simulate', '--pty', tty, '--nodes', '4', '--seed', '3', '--loss', '0']);
  await mesh.printed(/virtual mesh of 4 nodes, seed 3, on /);
  const gateway = await startProcess(['--port', tty, '--socket', freshPath('s')]);
  await gateway.logged(/the root is responding/);
  const client = await listenTo(gateway.socketPath);
  await untilSomeNodeIsActive(gateway.socketPath);
  t.is(JSON.parse((await ask(gateway.socketPath, 'NINFO')).toString('utf8', 1)).link.state, 'up');
  t.is((await mesh.stop()).code, 0);
  await gateway.logged(/no link: /);
  t.false(client.socket.destroyed);
  client.close();
  t.is((await gateway.stop()).code, 0);
});

ptyTest(
  'Ctrl-C in a terminal, which reaches every process that it has started, ends simulate with exit code 0',
  async (t) => {
    const tty = freshPath('tty');
    const mesh = new MeshgateProcess(['simulate', '--pty', tty], {}, { ownGroup: true });
    await mesh.printed(/^virtual mesh of .* on /m);
    process.kill(-mesh.pid, 'SIGINT');
    const { code, stderr } = await mesh.ended;
    t.is(code, 0, stderr);
  },
);

/** The CPU share of a process, 0 to 1 and above, over more than a second. */
async function cpuShareOf(pid: number): Promise<number> {
  const before = cpuMsOf(pid);
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return (cpuMsOf(pid) - before) / (performance.now() - begun);
}

/** CPU time of a process so far, in ms. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const TICK_MS = 10;
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

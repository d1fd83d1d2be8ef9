/** Hostile or broken clients against the real process: limits hold, memory stays bounded, others are served. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ask, connectTo, listenTo, readAll } from '../support/classic-client.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { answers, crowd, leave, memoryOf, openFilesOf, untilEnded } from '../support/hostile.js';
import { LineClient } from '../support/line-client.js';
import { killProcesses, type RunningGateway, startProcess } from '../support/process-fixture.js';
import { until } from '../support/waiters.js';

const MIB = 1024 * 1024;

const folder = temporaryFolder();
const linuxTest = process.platform === 'linux' ? test.serial : test.serial.skip;
let count = 0;

test.after.always(async () => {
  await killProcesses();
  folder.remove();
});

function startServer(env: Readonly<Record<string, string>> = {}, options = {}): Promise<RunningGateway> {
  const socket = join(folder.path, `s${count++}`);
  const args = ['--simulate', '--nodes', '3', '--http', '127.0.0.1:0', '--socket', socket];
  return startProcess(args, { MESHGATE_HISTORY_ENABLED: 'false', ...env }, options);
}

/** Others are answered before the attack and during it. */
async function staysServed(t: ExecutionContext, path: string, attack: () => Promise<void>): Promise<void> {
  await t.notThrowsAsync(answers(path, 30));
  await attack();
  await t.notThrowsAsync(answers(path, 30));
}

/** It has chosen its dialect, so that no time-out applies to it. */
async function openSession(path: string): Promise<LineClient> {
  const session = await LineClient.open(path);
  await session.ask('hello');
  return session;
}

/** Resolves when no other client is counted any more. */
async function untilAlone(session: LineClient): Promise<void> {
  const isAlone = async () => socketCounters((await session.ask('counters')).result).connected === 1;
  await until(isAlone, 'no other client is left');
}

interface SocketCounters {
  readonly connected: number;
  readonly ended: Readonly<Record<string, number>>;
}

function socketCounters(result: unknown): SocketCounters {
  return (result as { clients: { sockets: SocketCounters } }).clients.sockets;
}

linuxTest('clients that never read use bounded memory; the others get everything', async (t) => {
  const { pid, socketPath, stop } = bound(await startServer({ MESHGATE_CLIENTS_OUTBOX_BYTES: '262144' }));
  const start = memoryOf(pid);
  const deaf = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const socket = await connectTo(socketPath);
      socket.pause();
      socket.write(index % 2 ? '[syn]\0' : '{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{}}\n');
      return socket;
    }),
  );
  const reader = await LineClient.open(socketPath);
  await reader.ask('subscribe', { kinds: ['traffic'] });
  await staysServed(t, socketPath, async () => {
    for (let line = 0; line < 2000; line++) reader.say(logLine(line, 900));
    await reader.until(() => (countTraffic(reader) >= 2000 ? true : undefined));
  });
  t.is(countTraffic(reader), 2000);
  t.true(memoryOf(pid) - start < 150 * MIB, `${(memoryOf(pid) - start) / MIB} MiB more`);
  leave(deaf);
  reader.close();
  await stop();
});

linuxTest('10,000 clients in a row leak nothing', async (t) => {
  const { pid, socketPath, stop } = bound(await startServer());
  const session = await openSession(socketPath);
  await answers(socketPath, 30);
  const files = openFilesOf(pid);
  const memory = memoryOf(pid);
  for (let round = 0; round < 100; round++) {
    const sockets = crowd(socketPath, 100);
    await Promise.all(sockets.map(settledOf));
    for (const [index, socket] of sockets.entries()) if (index % 2) socket.write('SEND');
    leave(sockets);
  }
  await until(
    () => openFilesOf(pid) <= files + 5,
    'their sockets are closed',
    () => session.ask('hello'),
  );
  await untilAlone(session);
  t.true(memoryOf(pid) - memory < 100 * MIB, `${(memoryOf(pid) - memory) / MIB} MiB more`);
  await answers(socketPath, 10);
  session.close();
  await stop();
});

linuxTest(
  '2,000 at once: current clients stay served, excess ones are refused or cut off, then there is room',
  async (t) => {
    const { pid, socketPath, stop } = bound(
      await startServer({ MESHGATE_CLIENTS_MAX: '500', MESHGATE_CLIENTS_REQUEST_TIMEOUT_MS: '60000' }),
    );
    const session = await openSession(socketPath);
    const listener = await listenTo(socketPath);
    const sockets = crowd(socketPath, 2000);
    for (const socket of sockets) socket.resume();
    await untilEnded(sockets, 1502, 'close');
    t.true(openFilesOf(pid) < 500 + 64 + 64, `${openFilesOf(pid)} files are open`);
    const { connected, ended: ends } = socketCounters((await session.ask('counters')).result);
    t.is(connected, 500);
    // Some were refused by the kernel, which queues no more than 511.
    t.true((ends.tooMany ?? 0) > 50, `${ends.tooMany} were refused`);
    await listener.has(1);
    leave(sockets);
    await until(async () => (await ask(socketPath, 'ACT-C'))[0] === 0x53, 'there is room again');
    session.close();
    listener.close();
    await stop();
  },
);

test.serial('an excess client is refused in its own dialect', async (t) => {
  const { socketPath, stop } = bound(await startServer({ MESHGATE_CLIENTS_MAX: '1' }));
  const first = await listenTo(socketPath);
  t.is((await ask(socketPath, '[syn]\0')).toString('latin1', 2), 'Too Many Clients');
  t.is((await readAll(await connectTo(socketPath))).toString('latin1', 2), 'Too Many Clients');
  const client = await LineClient.open(socketPath);
  t.is((await client.ask('hello')).error?.data?.code, 'TOO_MANY_CLIENTS');
  t.like(await client.line(1), { method: 'closing', params: { reason: 'TOO_MANY_CLIENTS' } });
  await client.closed;
  first.close();
  await stop();
});

linuxTest('lines without an end are cut at their limit, and all together at theirs', async (t) => {
  const gateway = await startServer();
  const { pid, socketPath, stop } = bound(gateway);
  const start = memoryOf(pid);
  const inPieces = await LineClient.open(socketPath);
  inPieces.socket.write('{"jsonrpc":"2.0","id":1,');
  const endless = Buffer.concat([Buffer.from('{'), Buffer.alloc(MIB - 2, 'x')]);
  const sockets = await Promise.all(Array.from({ length: 200 }, () => connectTo(socketPath)));
  await staysServed(t, socketPath, async () => {
    for (const socket of sockets) socket.resume().write(endless);
    await untilEnded(sockets, 160, 'end');
  });
  t.true(memoryOf(pid) - start < 350 * MIB, `${(memoryOf(pid) - start) / MIB} MiB more`);
  inPieces.socket.write('"method":"counters"}\n');
  const { ended } = socketCounters((await inPieces.reply(1)).result);
  t.true((ended.tooMuchUnfinished ?? 0) > 100, String(ended.tooMuchUnfinished));
  t.is(ended.lineTooLong, 0);
  await gateway.logged(/client \d+ was closed: too many incomplete requests from clients of its role/);
  inPieces.close();
  const longer = await LineClient.open(socketPath);
  longer.socket.write(Buffer.concat([endless, endless, endless]));
  t.like(await longer.line(0), { error: { data: { code: 'LINE_TOO_LONG' } } });
  leave(sockets);
  longer.close();
  await stop();
});

test.serial(
  'slow handshakes, and requests of one byte a second, time out; nobody waits for them',
  async (t) => {
    const { socketPath, stop } = bound(await startServer({ MESHGATE_CLIENTS_REQUEST_TIMEOUT_MS: '1500' }));
    const begun = ['[', '[sy', 'S', 'SE', ''];
    const sockets = await Promise.all(Array.from({ length: 200 }, () => connectTo(socketPath)));
    const replies = sockets.map((socket) => readAll(socket));
    const trickle = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('\0');
    }, 1000);
    await staysServed(t, socketPath, async () => {
      sockets.forEach((socket, index) => {
        socket.write(begun[index % begun.length] ?? '');
      });
    });
    for (const reply of await Promise.all(replies)) t.is(reply[0], 0x46);
    clearInterval(trickle);
    await stop();
  },
);

test.serial(
  'random bytes of many clients are answered with an error, and cost nobody else a reply',
  async (t) => {
    const { socketPath, stop } = bound(await startServer({ MESHGATE_CLIENTS_REQUEST_TIMEOUT_MS: '1000' }));
    const session = await openSession(socketPath);
    const sockets = await Promise.all(Array.from({ length: 200 }, () => connectTo(socketPath)));
    await staysServed(t, socketPath, async () => {
      for (const socket of sockets) socket.resume().write(randomBytes(65_536));
    });
    leave(sockets);
    await untilAlone(session);
    session.close();
    t.is((await ask(socketPath, 'NSTAT'))[0], 0x53);
    await stop();
  },
);

test.serial('half-closed connections do not stay', async (t) => {
  const { socketPath, stop } = bound(await startServer());
  const session = await openSession(socketPath);
  const sockets = await Promise.all(Array.from({ length: 100 }, () => connectTo(socketPath)));
  for (const [index, socket] of sockets.entries())
    socket.resume().end(['[syn]\0', '{}\n', ''][index % 3] ?? '');
  await untilAlone(session);
  session.close();
  t.is((await ask(socketPath, 'NSTAT'))[0], 0x53);
  await stop();
});

linuxTest(
  'without file descriptors it continues, and accepts clients again when there are some',
  async (t) => {
    const { pid, socketPath, stop } = bound(await startServer({}, { maxFiles: 120 }));
    const session = await openSession(socketPath);
    const sockets = crowd(socketPath, 400);
    await until(
      () => openFilesOf(pid) >= 115,
      'it has all that it may have',
      () => session.ask('hello'),
    );
    t.truthy((await session.ask('status')).result);
    leave(sockets);
    await until(async () => {
      const reply = await ask(socketPath, 'ACT-C').catch(() => Buffer.alloc(0));
      return reply[0] === 0x53;
    }, 'it accepts clients again');
    t.truthy((await session.ask('status')).result);
    session.close();
    await stop();
  },
);

test.serial('a web request that never ends is closed, and blocks no page for others', async (t) => {
  const gateway = await startServer();
  const [, address = ''] = await gateway.printed(/dashboard: (http:\/\/\S+)/);
  const { port } = new URL(address);
  const slow = Array.from({ length: 200 }, () => connect({ host: '127.0.0.1', port: Number(port) }));
  const ended = untilEnded(slow, slow.length, 'close');
  for (const socket of slow) {
    socket.on('error', () => {});
    socket.resume().write('GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
  }
  t.is((await fetch(address)).status, 200);
  await ended;
  t.is((await fetch(address)).status, 200);
  await gateway.stop();
});

/** Connected, or refused because the queue of the kernel is full. */
function settledOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
}

function bound(gateway: RunningGateway) {
  return { pid: gateway.pid, socketPath: gateway.socketPath, stop: () => gateway.stop() };
}

function logLine(line: number, length: number) {
  return { jsonrpc: '2.0', method: 'log', params: { text: `${line} ${'x'.repeat(length)}` } };
}

interface Told {
  readonly event?: { readonly what?: string };
}

function countTraffic(client: LineClient): number {
  return client.lines.filter(({ params }) => (params as Told | undefined)?.event?.what === 'log').length;
}

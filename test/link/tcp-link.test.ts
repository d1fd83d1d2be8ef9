import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { LinkError } from '../../src/link/link.js';
import { connectFailure, openTcpLink, TcpLink, type TcpLinkSettings } from '../../src/link/tcp-link.js';
import { LinkOwner } from '../support/link-owner.js';
import { ManualClock } from '../support/manual-clock.js';
import { until } from '../support/waiters.js';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

/** A device on loopback; `settings` connect to it. */
class Device {
  readonly settings: TcpLinkSettings;
  readonly peers: Socket[] = [];
  received: Buffer = Buffer.alloc(0);
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.settings = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    server.on('connection', (peer: Socket) => {
      this.peers.push(peer);
      peer.on('error', () => undefined);
      peer.on('data', (bytes) => {
        this.received = Buffer.concat([this.received, bytes]);
      });
    });
  }

  static async listen(host = '127.0.0.1', options = {}): Promise<Device> {
    const server = createServer(options);
    server.listen(0, host);
    await once(server, 'listening');
    return new Device(server);
  }

  async peer(): Promise<Socket> {
    await until(() => this.peers.length > 0, 'a connection');
    return this.peers.at(-1) as Socket;
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, 'close');
  }
}

async function start(more: Partial<TcpLinkSettings> = {}) {
  const device = await Device.listen();
  const owner = new LinkOwner();
  const link = new TcpLink({ ...device.settings, ...more }, owner);
  await link.open();
  return { device, owner, link, peer: await device.peer() };
}

async function failureOf(settings: TcpLinkSettings): Promise<LinkError> {
  const opening = openTcpLink(settings)(new LinkOwner());
  const error = await opening.then(
    () => new Error('it opened'),
    (reason: unknown) => reason,
  );
  if (error instanceof LinkError) return error;
  throw error;
}

// ---- Bytes ------------------------------------------------------------------------------------------------------

test('all 256 byte values pass unchanged, both ways, and the name is the address', async (t) => {
  const { device, owner, link, peer } = await start();
  t.is(link.name, `tcp:127.0.0.1:${device.settings.port}`);
  peer.write(ALL_BYTES);
  await owner.until(() => owner.bytes.length >= 256);
  t.deepEqual(owner.bytes, ALL_BYTES);
  await link.write(ALL_BYTES);
  await until(() => device.received.length >= 256, '256 bytes');
  t.deepEqual(device.received, ALL_BYTES);
  await link.close();
  await device.close();
});

test('a host name is looked up; each of its addresses is tried', async (t) => {
  const device = await Device.listen('127.0.0.1');
  const owner = new LinkOwner();
  const link = await openTcpLink({ host: 'localhost', port: device.settings.port })(owner);
  (await device.peer()).write('ready\n');
  await owner.until(() => owner.bytes.length === 6);
  t.is(link.name, `tcp:localhost:${device.settings.port}`);
  await link.close();
  await device.close();
});

test('closing sends what has been written before; the owner is not called', async (t) => {
  const { device, owner, link, peer } = await start();
  const written = link.write(Buffer.from('OUTP OFF\n')).catch(() => undefined);
  await link.close();
  await written;
  await once(peer, 'close');
  t.is(device.received.toString(), 'OUTP OFF\n');
  t.deepEqual(owner.endings, []);
  await t.throwsAsync(link.write(ALL_BYTES), { instanceOf: LinkError });
  await link.close();
  await device.close();
});

// ---- Not opening ------------------------------------------------------------------------------------------------

test('a port on which nothing listens refuses the connection', async (t) => {
  const device = await Device.listen();
  await device.close();
  const error = await failureOf(device.settings);
  t.is(error.reason, 'refused');
  t.regex(error.message, /^tcp:127\.0\.0\.1:\d+: connect ECONNREFUSED/);
  const named = await failureOf({ ...device.settings, host: 'localhost' });
  t.is(named.reason, 'refused', 'one error for each address');
  t.regex(named.message, /ECONNREFUSED/);
});

test('a host name that does not exist is reported as such', async (t) => {
  const { reason, message } = await failureOf({ host: 'psu.invalid', port: 5025 });
  t.is(reason, 'hostNotFound');
  t.regex(message, /psu\.invalid/);
});

test('a peer that does not answer at all is given up after the time-out', async (t) => {
  const clock = new ManualClock();
  // 192.0.2.0/24 is reserved for documentation: nothing answers, or a router reports an error.
  const link = new TcpLink({ host: '192.0.2.1', port: 5025, openTimeoutMs: 200 }, new LinkOwner(), { clock });
  const opening = link.open();
  clock.advance(200);
  const error = await t.throwsAsync(opening, { instanceOf: LinkError });
  t.true(['openTimeout', 'unreachable'].includes((error as LinkError).reason), error?.message);
  t.is(clock.timers, 0, 'the socket is closed');
});

test('closing while it connects ends the attempt with `stopped`', async (t) => {
  const device = await Device.listen();
  const link = new TcpLink(device.settings, new LinkOwner());
  const opening = t.throwsAsync(link.open(), { instanceOf: LinkError });
  await link.close();
  t.is(((await opening) as LinkError).reason, 'stopped');
  await t.throwsAsync(new TcpLink(device.settings, new LinkOwner()).write(ALL_BYTES));
  await device.close();
});

test('a link that is closed before it is opened never connects', async (t) => {
  const device = await Device.listen();
  const link = new TcpLink(device.settings, new LinkOwner());
  await link.close();
  await t.throwsAsync(link.open(), { instanceOf: LinkError });
  await setTimeout(20);
  t.is(device.peers.length, 0);
  await device.close();
});

for (const [code, reason] of [
  ['ECONNREFUSED', 'refused'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['ENOTFOUND', 'hostNotFound'],
  ['EAI_AGAIN', 'hostNotFound'],
  ['ETIMEDOUT', 'openTimeout'],
  ['EMFILE', 'openFailed'],
] as const) {
  test(`${code} while connecting is ${reason}`, (t) => {
    t.is(connectFailure(Object.assign(new Error(code), { code })), reason);
  });
}

// ---- Losing it --------------------------------------------------------------------------------------------------

test('a peer that closes, or only stops sending, has ended the link; its last bytes arrive first', async (t) => {
  const device = await Device.listen('127.0.0.1', { allowHalfOpen: true });
  const owner = new LinkOwner();
  const link = await openTcpLink(device.settings)(owner);
  (await device.peer()).end('bye\n');
  t.is(await owner.ending(), 'closedByPeer');
  t.is(owner.bytes.toString(), 'bye\n');
  const error = await t.throwsAsync(link.write(ALL_BYTES), { instanceOf: LinkError });
  t.is((error as LinkError).reason, 'closedByPeer');
  await link.close();
  t.is(owner.endings.length, 1);
  await device.close();
});

test('a connection that is reset is lost', async (t) => {
  const { device, owner, link, peer } = await start();
  peer.resetAndDestroy();
  t.is(await owner.ending(), 'connectionLost');
  t.regex(owner.endings[0]?.[1] ?? '', /ECONNRESET/);
  await link.close();
  await device.close();
});

test('a peer that does not read: what waits is limited, and the link is closed after the write time-out', async (t) => {
  const limit = 65_536;
  const { device, owner, link, peer } = await start({ writeTimeoutMs: 300, maxUnsentBytes: limit });
  peer.pause();
  const outcomes: string[] = [];
  const chunk = Buffer.alloc(16_384);
  let largest = 0;
  while (owner.endings.length === 0) {
    void link.write(chunk).then(
      () => outcomes.push('sent'),
      (error: LinkError) => outcomes.push(error.reason),
    );
    largest = Math.max(largest, link.unsentBytes);
    await setTimeout(1);
  }
  t.is(owner.endings[0]?.[0], 'writeTimeout');
  t.true(largest <= limit, `${largest} bytes waited`);
  t.true(outcomes.includes('writeFailed'), 'writes are rejected while too much is waiting');
  t.true(outcomes.includes('writeTimeout'));
  await device.close();
});

// ---- Flood ------------------------------------------------------------------------------------------------------

test('a flooding peer neither holds the event loop nor grows memory', async (t) => {
  const { device, owner, link, peer } = await start();
  let total = 0;
  owner.onBytes = (chunk) => {
    total += chunk.length;
  };
  const zeros = Buffer.alloc(1_048_576);
  const flood = () => {
    while (!peer.destroyed && peer.write(zeros));
  };
  peer.on('drain', flood);
  flood();
  await until(() => total > 20_000_000, 'a steady flow');
  const before = process.memoryUsage();
  let longest = 0;
  for (let end = performance.now() + 2000, last = performance.now(); last < end; ) {
    await setTimeout(1);
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  const after = process.memoryUsage();
  const grown = after.arrayBuffers + after.external - before.arrayBuffers - before.external;
  t.log(`${Math.round(total / 1e6)} MB, longest turn ${longest.toFixed(1)} ms, grown by ${grown} bytes`);
  t.true(total > 50_000_000, `${total} bytes`);
  t.true(longest < 500, `a turn took ${longest} ms`);
  t.true(grown < 8_000_000, `${grown} bytes`);
  await link.close();
  await device.close();
});

/** What devices do to a link: a keeper with real TCP servers and real pseudo-terminals. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.js';
import { watchForDevices } from '../../src/link/device-watch.js';
import { type Link, LinkError, type OpenLink } from '../../src/link/link.js';
import { LinkKeeper, type LinkKeeperOptions, type LinkState } from '../../src/link/link-keeper.js';
import { openSerialLink } from '../../src/link/serial-link.js';
import { openTcpLink } from '../../src/link/tcp-link.js';
import { recordLink } from '../../src/recorder/record-link.js';
import { Recorder } from '../../src/recorder/recorder.js';
import { hasSocat, openPty, type Pty } from '../support/pty.js';
import { until } from '../support/waiters.js';

const ptyTest = hasSocat ? test.serial : test.skip;
const folder = mkdtempSync(join(tmpdir(), 'mg-faults-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** A keeper whose device is heard when it sends a line that begins with `ok`. */
class Kept {
  readonly states: LinkState[] = [];
  readonly keeper: LinkKeeper;
  bytes = 0;
  opened = 0;
  silences = 0;
  onSilent = (): void => undefined;
  /** While true, the owner writes as fast as it may. */
  isWriting = false;

  constructor(openLink: OpenLink, options: Partial<LinkKeeperOptions> = {}) {
    this.keeper = new LinkKeeper(
      { openLink, clock: systemClock, random: () => 0, ...options },
      {
        onBytes: (chunk) => {
          this.bytes += chunk.length;
          if (chunk.includes('ok')) this.keeper.onHeard();
        },
        onOpened: (link) => this.#onOpened(link),
        onLost: () => undefined,
        onStatus: ({ state }) => this.states.push(state),
        onSilent: () => {
          this.silences++;
          this.onSilent();
        },
      },
    );
    this.keeper.start();
  }

  async until(state: LinkState): Promise<void> {
    await until(() => this.keeper.status.state === state, `${state}, not ${this.keeper.status.state}`);
  }

  async lost(reason: Parameters<LinkKeeper['losses']['get']>[0]): Promise<void> {
    await until(() => this.keeper.losses.get(reason) > 0, `the loss ${reason}`);
  }

  #onOpened(link: Link): void {
    this.opened++;
    if (this.isWriting) void this.#writeOn(link);
  }

  async #writeOn(link: Link): Promise<void> {
    const chunk = Buffer.alloc(4096);
    try {
      for (;;) await link.write(chunk);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
    }
  }
}

/** A TCP device; `onPeer` says what it does with a connection. */
async function listen(onPeer: (peer: Socket) => void = () => undefined, port = 0) {
  const peers = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((peer) => {
    connections++;
    peers.add(peer);
    peer.on('error', () => undefined).on('close', () => peers.delete(peer));
    onPeer(peer);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const settings = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, writeTimeoutMs: 300 };
  const close = async () => {
    server.close();
    for (const peer of peers) peer.resetAndDestroy();
    await once(server, 'close');
  };
  return { settings, peers, close, connections: () => connections };
}

const greets = (peer: Socket) => void peer.write('ok\n');

/** Runs for two seconds; returns the longest turn of the event loop in ms, and how much memory grew in bytes. */
async function watchLoop(): Promise<{ longest: number; grown: number }> {
  const memory = () => process.memoryUsage.rss();
  const before = memory();
  let longest = 0;
  for (let last = performance.now(), end = last + 2000; last < end; ) {
    await setTimeout(1);
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  return { longest, grown: memory() - before };
}

function isBounded(
  t: ExecutionContext,
  kept: Kept,
  { longest, grown }: { longest: number; grown: number },
): void {
  t.log(`${Math.round(kept.bytes / 1e6)} MB, longest turn ${longest.toFixed(0)} ms, grown by ${grown} bytes`);
  t.true(longest < 500, `a turn took ${longest} ms`);
  t.true(grown < 100_000_000, `${grown} bytes`);
}

// ---- TCP --------------------------------------------------------------------------------------------------------

test.serial('TCP: a device that refuses is retried, and used once it listens', async (t) => {
  const first = await listen();
  const { port } = first.settings;
  await first.close();
  const kept = new Kept(openTcpLink(first.settings));
  await kept.until('backingOff');
  t.like(kept.keeper.status, { reason: 'refused' });
  const device = await listen(greets, port);
  await kept.until('up');
  t.is(kept.keeper.status.name, `tcp:127.0.0.1:${port}`);
  await kept.keeper.stop();
  await device.close();
});

test.serial(
  'TCP: a device that is unplugged under load is lost, and connected again after a pause',
  async (t) => {
    const device = await listen(greets);
    const kept = new Kept(openTcpLink(device.settings));
    await kept.until('up');
    for (const peer of device.peers) {
      peer.write(Buffer.alloc(500_000));
      peer.resetAndDestroy();
    }
    await until(() => kept.opened === 2, 'a second connection');
    const { losses } = kept.keeper;
    t.is(losses.get('connectionLost') + losses.get('closedByPeer'), 1);
    await kept.until('up');
    t.deepEqual(kept.states, ['opening', 'probing', 'up', 'backingOff', 'opening', 'probing', 'up']);
    await kept.keeper.stop();
    await device.close();
  },
);

test.serial('TCP: a device that says nothing, or nothing valid, is given up by its owner', async (t) => {
  for (const onPeer of [() => undefined, (peer: Socket) => void peer.write('\x00\xff garbage\n')]) {
    const device = await listen(onPeer);
    const kept = new Kept(openTcpLink(device.settings), { silentAfterMs: 50 });
    await until(() => kept.silences >= 2, 'silence, reported again and again');
    t.is(kept.keeper.status.state, 'probing');
    kept.onSilent = () => kept.keeper.giveUp('nothing for 50 ms');
    await kept.until('backingOff');
    t.like(kept.keeper.status, { reason: 'silent', detail: 'nothing for 50 ms' });
    await until(() => kept.opened >= 3, 'further attempts');
    t.true(kept.keeper.losses.get('silent') >= 2);
    await kept.keeper.stop();
    await device.close();
  }
});

test.serial(
  'TCP: a device that accepts each connection and ends it is spared by growing pauses',
  async (t) => {
    const device = await listen((peer) => void peer.end('ok, but only one client\n'));
    const kept = new Kept(openTcpLink(device.settings), { steadyAfterMs: 5000 });
    await setTimeout(2500);
    t.true(device.connections() >= 2 && device.connections() <= 4, `${device.connections()} connections`);
    t.true(kept.keeper.losses.get('closedByPeer') >= 2);
    await kept.keeper.stop();
    await device.close();
  },
);

test.serial(
  'TCP: a device that does not read loses the link, and a write never waits for ever',
  async (t) => {
    const device = await listen((peer) => void peer.pause());
    const kept = new Kept(openTcpLink(device.settings), { isUpWhenOpen: true });
    kept.isWriting = true;
    await kept.lost('writeTimeout');
    t.true(kept.states.includes('up'));
    await kept.keeper.stop();
    await device.close();
  },
);

test.serial(
  'TCP: a flood is read without holding the event loop, and recorded within its bounds',
  async (t) => {
    const chunk = Buffer.alloc(1_048_576, 'x');
    const device = await listen((peer) => {
      const flood = () => {
        while (!peer.destroyed && peer.write(chunk));
      };
      peer.on('drain', flood);
      flood();
    });
    const recorder = new Recorder({ clock: systemClock, limit: 1_048_576 });
    const kept = new Kept(recordLink(openTcpLink(device.settings), recorder.link('flood')));
    await until(() => kept.bytes > 20_000_000, 'a steady flow');
    isBounded(t, kept, await watchLoop());
    t.true(kept.bytes > 100_000_000, `${kept.bytes} bytes`);
    t.true(recorder.counters().heldBytes < 200_000);
    t.true(recorder.counters().omittedBytes > 0.9 * kept.bytes);
    await kept.keeper.stop();
    await device.close();
  },
);

test.serial('TCP: stopping works from any state, and leaves no connection', async (t) => {
  const device = await listen(greets);
  const absent = await listen();
  await absent.close();
  for (const [state, settings] of [
    ['opening', device.settings],
    ['up', device.settings],
    ['backingOff', absent.settings],
  ] as const) {
    const kept = new Kept(openTcpLink(settings));
    await kept.until(state);
    await kept.keeper.stop();
    t.like(kept.keeper.status, { state: 'stopped', reason: 'stopped' });
    await until(() => device.peers.size === 0, `no connection after ${state}`);
    await t.throwsAsync(kept.keeper.write(Buffer.from('x')), { instanceOf: LinkError });
  }
  await device.close();
});

// ---- Serial -----------------------------------------------------------------------------------------------------

let ports = 0;

function keepSerial(path: string, options: Partial<LinkKeeperOptions> = {}): Kept {
  return new Kept(openSerialLink({ path, baud: 115_200, writeTimeoutMs: 300 }), {
    watchForDevices: (onChange) => watchForDevices(path, onChange),
    ...options,
  });
}

/** A name under which pseudo-terminals come and go. */
function plug(pty: Pty, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(pty.path, path);
}

ptyTest('serial: a device that is absent is used as soon as it is plugged in', async (t) => {
  const path = join(folder, `tty${ports++}`);
  const kept = keepSerial(path);
  await kept.until('absent');
  t.like(kept.keeper.status, { reason: 'noDevice' });
  const pty = await openPty();
  plug(pty, path);
  await kept.until('probing');
  await pty.write(Buffer.from('\xff\x00 garbage\n', 'latin1'));
  await until(() => kept.bytes > 0, 'bytes');
  t.is(kept.keeper.status.state, 'probing', 'garbage is not a device that works');
  await pty.write(Buffer.from('ok\n'));
  await kept.until('up');
  await kept.keeper.stop();
  await pty.close();
});

ptyTest(
  'serial: a device that is unplugged under load is lost, and used again when it is back',
  async (t) => {
    const path = join(folder, `tty${ports++}`);
    const flooding = await openPty({ flood: true });
    plug(flooding, path);
    const kept = keepSerial(path);
    await until(() => kept.bytes > 1_000_000, 'a flood');
    await flooding.hangUp();
    rmSync(path);
    await kept.lost('hungUp');
    const pty = await openPty();
    plug(pty, path);
    await kept.until('probing');
    await pty.write(Buffer.from('ok\n'));
    await kept.until('up');
    t.is(kept.opened, 2);
    await kept.keeper.stop();
    await Promise.all([pty.close(), flooding.close()]);
  },
);

ptyTest('serial: a flood is read without holding the event loop', async (t) => {
  const pty = await openPty({ flood: true });
  const kept = keepSerial(pty.path);
  await until(() => kept.bytes > 1_000_000, 'a steady flow');
  isBounded(t, kept, await watchLoop());
  await kept.keeper.stop();
  await pty.close();
});

ptyTest('serial: a device that does not read loses the link', async (t) => {
  const pty = await openPty();
  const kept = keepSerial(pty.path, { isUpWhenOpen: true });
  await kept.until('up');
  pty.freeze();
  const failed = await t.throwsAsync(
    async () => {
      for (;;) await kept.keeper.write(Buffer.alloc(4096));
    },
    { instanceOf: LinkError },
  );
  t.is((failed as LinkError).reason, 'writeTimeout');
  await kept.lost('writeTimeout');
  pty.thaw();
  await kept.until('up');
  await kept.keeper.stop();
  await pty.close();
});

ptyTest('serial: silence is reported, and the owner may reopen the port', async (t) => {
  const pty = await openPty();
  const kept = keepSerial(pty.path, { silentAfterMs: 100 });
  kept.onSilent = () => void kept.keeper.reopen();
  await until(() => kept.opened >= 2, 'the port is open again');
  t.true(kept.keeper.losses.get('reopened') >= 1);
  await kept.keeper.stop();
  await pty.close();
});

ptyTest('serial: stopping works from any state', async (t) => {
  const pty = await openPty();
  const absent = join(folder, 'never');
  for (const [state, path] of [
    ['opening', pty.path],
    ['probing', pty.path],
    ['absent', absent],
  ] as const) {
    const kept = keepSerial(path);
    await kept.until(state);
    await kept.keeper.stop();
    t.like(kept.keeper.status, { state: 'stopped', reason: 'stopped' });
  }
  await pty.close();
});

/** Instruments on a pseudo-terminal and on loopback TCP, at a whole gateway: they are absent, lost, silent, and flood. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseToml } from '../../../src/base/toml.js';
import { addressOfId } from '../../../src/devices/identity.js';
import { type GatewayFixture, startGateway } from '../../support/gateway-fixture.js';
import { hasSocat, openPty } from '../../support/pty.js';
import { until } from '../../support/waiters.js';

const ptyTest = hasSocat ? test : test.skip;

const instrument = (port: string, more = '') => `[[device]]
id = "dmm"
kind = "lines"
port = "${port}"
${more}
[[device.message]]
type = "Reading"
regex = '^R (?<value>\\d+)$'
`;

async function start(t: ExecutionContext, toml: string): Promise<GatewayFixture> {
  const fixture = await startGateway({ settings: parseToml(toml) });
  t.teardown(fixture.close);
  return fixture;
}

const view = ({ hub }: GatewayFixture) => hub.picture.findDevice(addressOfId('dmm'));
const isActive = (fixture: GatewayFixture) => view(fixture)?.status === 'active';
const hasAlarm = ({ hub }: GatewayFixture, id: string, active: boolean) =>
  hub.alarms.open().some((alarm) => alarm.id === id && alarm.active === active);

function counted({ hub }: GatewayFixture): Record<string, number> {
  return (hub.counters() as unknown as { device: { dmm: Record<string, number> } }).device.dmm;
}

ptyTest(
  'an absent instrument is an alarm; it is found when it is plugged in, and lost when it is unplugged under load',
  async (t) => {
    const pty = await openPty();
    t.teardown(() => pty.close());
    const fixture = await start(t, instrument(pty.path));
    let line = 0;
    const load = setInterval(
      () => void pty.write(Buffer.from(`R ${line++}\n`.repeat(20))).catch(() => {}),
      2,
    );
    t.teardown(() => clearInterval(load));
    await until(() => isActive(fixture), 'the instrument is heard');
    await pty.hangUp();
    clearInterval(load);
    await until(() => hasAlarm(fixture, 'LINK_LOST:dmm', true), 'an alarm about the lost link');
    t.is(view(fixture)?.status, 'unknown');
    t.true((counted(fixture).values ?? 0) > 0);
  },
);

ptyTest('a port that does not exist at start is opened when it appears', async (t) => {
  const pty = await openPty();
  t.teardown(() => pty.close());
  const { symlinkSync } = await import('node:fs');
  const fixture = await startGateway();
  t.teardown(fixture.close);
  const path = join(fixture.folder, 'tty');
  const second = await start(t, instrument(path));
  await until(() => hasAlarm(second, 'LINK_LOST:dmm', true), 'an alarm about the missing port');
  symlinkSync(pty.path, path);
  await until(() => hasAlarm(second, 'LINK_LOST:dmm', false), 'the port is open');
  await until(async () => {
    await pty.write(Buffer.from('R 1\n'));
    return isActive(second);
  }, 'the instrument is heard');
  t.true((counted(second).linkLosses ?? 0) > 0);
});

ptyTest('zeros without an end, as with a wrong baud rate, are bounded, counted and an alarm', async (t) => {
  const pty = await openPty({ flood: true });
  t.teardown(() => pty.close());
  const fixture = await start(t, instrument(pty.path, 'silent_after_s = 1\n'));
  await until(() => counted(fixture).linesTooLong === 1, 'a line that is too long');
  await until(() => hasAlarm(fixture, 'DEVICE_ALARM:dmm:SILENT', true), 'an alarm');
  t.true(process.memoryUsage().rss < 1_000_000_000);
});

class Instrument {
  readonly sockets: Socket[] = [];
  readonly server: Server;
  port = 0;

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.push(socket.on('error', () => {}));
    });
  }

  async listen(port = 0): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as { port: number }).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

async function listening(t: ExecutionContext): Promise<Instrument> {
  const peer = new Instrument();
  await peer.listen();
  t.teardown(() => peer.close());
  return peer;
}

test('a TCP instrument that goes away is retried until it is back', async (t) => {
  const peer = await listening(t);
  const fixture = await start(t, instrument(`tcp:127.0.0.1:${peer.port}`));
  await until(() => peer.sockets.length > 0, 'a connection');
  peer.sockets[0]?.write('R 1\n');
  await until(() => isActive(fixture), 'the instrument is heard');
  peer.close();
  await until(() => hasAlarm(fixture, 'LINK_LOST:dmm', true), 'an alarm about the lost link');
  const again = new Instrument();
  await again.listen(peer.port);
  t.teardown(() => again.close());
  await until(() => hasAlarm(fixture, 'LINK_LOST:dmm', false), 'the link is back');
  t.true((counted(fixture).linkLosses ?? 0) > 0);
});

test('a flood does not keep clients waiting: what is over max_rate is counted, and the gateway answers', async (t) => {
  const peer = await listening(t);
  const fixture = await start(t, instrument(`tcp:127.0.0.1:${peer.port}`, 'max_rate = 100\n'));
  await until(() => peer.sockets.length > 0, 'a connection');
  const [socket] = peer.sockets;
  const flood = Buffer.from('R 1\nnonsense\n'.repeat(5000));
  const pump = () => {
    while (socket?.writable && socket.write(flood));
  };
  socket?.on('drain', pump);
  pump();
  await until(() => (counted(fixture).linesDropped ?? 0) > 100_000, 'lines are dropped');
  socket?.removeListener('drain', pump);
  t.true((counted(fixture).lines ?? 0) < 20_000);
  t.true(isActive(fixture));
});

test('a silent TCP instrument is an alarm, and is connected to again', async (t) => {
  const peer = await listening(t);
  const fixture = await start(t, instrument(`tcp:127.0.0.1:${peer.port}`, 'silent_after_s = 1\n'));
  await until(() => hasAlarm(fixture, 'DEVICE_ALARM:dmm:SILENT', true), 'an alarm');
  await until(() => peer.sockets.length > 1, 'a second connection');
  peer.sockets.at(-1)?.write('R 5\n');
  await until(() => isActive(fixture), 'the instrument is heard');
  t.true(hasAlarm(fixture, 'DEVICE_ALARM:dmm:SILENT', false));
});

test('two devices on one serial port are refused', async (t) => {
  const twice = instrument('/dev/ttyS9') + instrument('/dev/ttyS9').replace('"dmm"', '"other"');
  const error = await t.throwsAsync(() => startGateway({ settings: parseToml(twice) }), {
    code: 'BAD_CONFIG',
  });
  t.regex(error?.message ?? '', /\/dev\/ttyS9 is configured for both dmm and other/);
});

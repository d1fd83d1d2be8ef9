/** The device of docs/writing-devices.md, with a supply that is a socket of this test. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SupplyDevice } from '../../examples/device.js';
import { packageRoot } from '../../src/base/package-root.js';
import type { HubEvent } from '../../src/hub/hub.js';
import { NetworkFixture } from '../support/network-fixture.js';

async function start(t: ExecutionContext) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const mesh = await NetworkFixture.up({ refreshEveryMs: 0 });
  const { hub, clock } = mesh;
  const device = new SupplyDevice(hub, clock, { host: '127.0.0.1', port, outputs: 2 });
  t.teardown(() => {
    device.stop();
    server.close();
  });
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const up = nextEvent(hub, isStatus('unheard'));
  device.start();
  const [socket] = await accepted;
  await up;
  t.teardown(() => socket.destroy());
  return { mesh, hub, clock, device, server, socket };
}

function nextEvent(hub: NetworkFixture['hub'], fits: (event: HubEvent) => boolean): Promise<HubEvent> {
  return new Promise((resolve) => {
    const end = hub.feed.subscribe((event) => {
      if (!fits(event)) return;
      end();
      resolve(event);
    });
  });
}

function isStatus(status: string): (event: HubEvent) => boolean {
  return (event) => event.kind === 'node' && event.change === 'status' && event.status === status;
}

const isValue = (event: HubEvent) => event.kind === 'value';

test('each line that the supply prints is a value of one of its outputs', async (t) => {
  const { hub, socket } = await start(t);
  const value = nextEvent(hub, isValue);
  socket.write('nonsense\n9 1.0\n2 12.');
  socket.write('05\n');
  t.like(await value, { device: 'psu:2', type: { name: 'Output' } });
  const voltage = hub.picture.findNode(0x30002)?.latest[0]?.value.bytes.readFloatLE() ?? 0;
  t.true(Math.abs(voltage - 12.05) < 1e-6);
  t.like(hub.counters(), { psu: { lines: 1, badLines: 2 } });
});

test('while the supply is away there is an alarm, and it is retried', async (t) => {
  const { hub, clock, server, socket } = await start(t);
  const lost = nextEvent(hub, isStatus('unknown'));
  socket.destroy();
  await lost;
  t.like(hub.alarms.open()[0], { id: 'LINK_LOST:psu', source: 'psu', active: true });
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const back = nextEvent(hub, isStatus('unheard'));
  clock.advance(5000);
  const [again] = await accepted;
  t.teardown(() => again.destroy());
  await back;
  t.false(hub.alarms.open()[0]?.active);
});

test('a line without an end is discarded', async (t) => {
  const { hub, socket } = await start(t);
  const value = nextEvent(hub, isValue);
  socket.write(`${'x'.repeat(1_000_000)}\n1 5\n`);
  t.like(await value, { device: 'psu:1' });
});

test('it is a device of about 60 lines, as docs/writing-devices.md has it', (t) => {
  const text = readFileSync(join(packageRoot, 'examples', 'device.ts'), 'utf8');
  const code = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*(\/?\*|\/\/|import)/.test(line));
  t.true(code.length <= 70, `${code.length} lines`);
});

/** The fleet's dashboard against hostile clients; the fleet itself is not queried. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createLog } from '../../src/base/log.js';
import type { Fleet } from '../../src/fleet/fleet.js';
import { FleetMonitor } from '../../src/fleet/monitor.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { askHttp } from '../support/http-ask.js';
import { WebSocketClient } from '../support/web-socket-client.js';

const TOKEN = 'a-token-for-everything';

/** One gateway, whose channel opens and stays silent. */
const FLEET = {
  gateways: () => [{ id: 'north' }],
  transport: () => ({ open: async () => ({ write: () => {}, close: () => {} }) }),
} as unknown as Fleet;

async function start(t: ExecutionContext, maxClients: number) {
  const logged: string[] = [];
  const access = { origins: [], token: TOKEN, readOnly: false, isPublic: false };
  const settings = { ...access, host: '127.0.0.1', port: 0, outboxLimit: 65_536, maxClients };
  const folder = temporaryFolder();
  const log = createLog('monitor', (line) => logged.push(line));
  const monitor = new FleetMonitor(FLEET, settings, folder.path, log);
  const host = `127.0.0.1:${await monitor.listen()}`;
  t.teardown(async () => {
    await monitor.stop();
    folder.remove();
  });
  return { host, logged };
}

test('clients that present no token, or send nothing, do not shut out one that presents it', async (t) => {
  const { host } = await start(t, 1);
  const silent: WebSocketClient[] = [];
  for (let count = 0; count < 70; count++)
    silent.push(await WebSocketClient.open(`ws://${host}/rpc?gateway=north`));
  const [, port] = host.split(':');
  const sockets: Socket[] = [];
  for (let count = 0; count < 300; count++) {
    const socket = connect({ host: '127.0.0.1', port: Number(port) }).on('error', () => {});
    await once(socket, 'connect');
    sockets.push(socket);
  }
  await Promise.all(silent.slice(0, 6).map(({ closed }) => closed));
  t.is((await askHttp(`http://${host}/nothing`)).status, 404);
  const owner = await WebSocketClient.open(`ws://${host}/rpc?gateway=north`);
  t.deepEqual((await owner.call('authenticate', { token: TOKEN })).result, { role: 'admin' });
  const second = await WebSocketClient.open(`ws://${host}/rpc?gateway=north`);
  t.is((await second.call('authenticate', { token: TOKEN })).error?.data.code, 'TOO_MANY_CLIENTS');
  t.is(await second.closed, 1013);
  for (const { socket } of [...silent, owner]) socket.terminate();
  for (const socket of sockets) socket.destroy();
});

test('a foreign page is refused, and the log names the setting that would allow it', async (t) => {
  const { host, logged } = await start(t, 1);
  const headers = { origin: 'http://localhost:3000' };
  const opened = WebSocketClient.open(`ws://${host}/rpc?gateway=north`, { headers });
  await t.throwsAsync(opened, { message: 'refused 403' });
  t.regex(
    logged.join('\n'),
    /refused a page from the origin http:\/\/localhost:3000 at \/rpc; .*MESHGATE_HTTP_ORIGINS=/,
  );
});

test('any other first message is answered UNAUTHORIZED, and the connection closed', async (t) => {
  const { host } = await start(t, 1);
  for (const first of ['hello', 'authenticate']) {
    const client = await WebSocketClient.open(`ws://${host}/rpc?gateway=north`);
    t.is((await client.call(first, { token: 'a-wrong-token' })).error?.data.code, 'UNAUTHORIZED');
    t.is(await client.closed, 1008);
  }
});

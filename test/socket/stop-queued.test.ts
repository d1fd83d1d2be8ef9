/** Clients whose connection is still in the queue of the kernel when the gateway stops. */
import { connect } from 'node:net';
import test from 'ava';
import { freePort } from '../support/free-port.js';
import { startGateway } from '../support/gateway-fixture.js';

const HEALTH = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';

/** The start of the reply, or the system's error. */
function ask(where: { port: number; host: string } | { path: string }, request: string): Promise<string> {
  const socket = connect(where);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(request);
  return new Promise((resolve) => {
    socket.once('error', (error) => resolve(String(error)));
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1').slice(0, 15)));
  });
}

test('clients that connect just before a stop are answered: on the dashboard, a port and a socket', async (t) => {
  const port = await freePort();
  const { gateway, webHost, socketPath, close } = await startGateway({
    web: true,
    settings: { tcp: [port] },
  });
  t.teardown(close);
  const web = { host: '127.0.0.1', port: Number(new URL(`http://${webHost}`).port) };
  const replies = Array.from({ length: 20 }, () => [
    ask(web, HEALTH),
    ask({ host: '127.0.0.1', port }, 'ACT-C'),
    ask({ path: socketPath }, 'ACT-C'),
  ]).flat();
  await gateway.stop();
  const counts = new Map<string, number>();
  for (const reply of await Promise.all(replies)) counts.set(reply, (counts.get(reply) ?? 0) + 1);
  t.deepEqual(
    [...counts],
    [
      ['HTTP/1.1 200 OK', 20],
      ['S\0', 40],
    ],
  );
});

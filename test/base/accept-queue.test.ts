import { connect, createServer, type Server, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { acceptQueued } from '../../src/base/accept-queue.js';

const CLIENTS = 50;

async function listen(t: ExecutionContext, onSocket: (socket: Socket) => void) {
  const server = createServer(onSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  return { server, port: typeof address === 'object' && address ? address.port : 0 };
}

/** The kernel connects them within the call; the server has not had a turn to accept them. */
function queueUp(port: number) {
  const clients = Array.from({ length: CLIENTS }, () => connect(port, '127.0.0.1'));
  return Promise.all(
    clients.map((client) => {
      client.resume();
      return new Promise<string>((resolve) => {
        client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
        client.once('end', () => resolve('end'));
      });
    }),
  );
}

const close = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

test('queued connections are accepted before a server closes; without that, they are reset', async (t) => {
  for (const isAccepted of [true, false]) {
    const { server, port } = await listen(t, (socket) => socket.end());
    const fates = queueUp(port);
    // They connect on the next tick.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const admit = isAccepted ? await acceptQueued(server) : undefined;
    const closed = close(server);
    admit?.();
    t.deepEqual(new Set(await fates), new Set([isAccepted ? 'end' : 'ECONNRESET']));
    await closed;
  }
});

test('connections are held until the server is closed, so that clients that come again and again do not fill the queue', async (t) => {
  let served = 0;
  const { server, port } = await listen(t, (socket) => {
    served++;
    socket.end();
  });
  const fates = queueUp(port);
  const admit = await acceptQueued(server);
  t.is(served, 0);
  const closed = close(server);
  admit();
  t.is(served, CLIENTS);
  await fates;
  await closed;
});

test('clients that do not wait do not hold it up for longer than its limit', async (t) => {
  const { server, port } = await listen(t, (socket) => socket.destroy());
  const clients: Socket[] = [];
  let isOver = false;
  const connectAgain = () => {
    const client = connect(port, '127.0.0.1').on('error', () => {});
    clients.push(client);
    if (!isOver) setImmediate(connectAgain);
  };
  connectAgain();
  const startedAt = performance.now();
  const admit = await acceptQueued(server, 100);
  const took = performance.now() - startedAt;
  isOver = true;
  const closed = close(server);
  admit();
  for (const client of clients) client.destroy();
  await closed;
  t.true(took >= 100 && took < 1500, `${took} ms`);
});

test('a server that does not listen is left at once', async (t) => {
  await t.notThrowsAsync(acceptQueued(createServer()));
});

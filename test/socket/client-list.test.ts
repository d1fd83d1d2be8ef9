import test, { type ExecutionContext } from 'ava';
import type { ClientInfo } from '../../src/api/shapes.js';
import { ask, connectTo, listenTo } from '../support/classic-client.js';
import { type FixtureOptions, startGateway } from '../support/gateway-fixture.js';
import { LineClient } from '../support/line-client.js';
import { WebSocketClient } from '../support/web-socket-client.js';

async function start(t: ExecutionContext, options: FixtureOptions = {}) {
  const fixture = await startGateway(options);
  t.teardown(() => fixture.close());
  const session = await LineClient.open(fixture.socketPath);
  t.teardown(() => session.close());
  const clients = async () => {
    const { result } = await session.ask('clients');
    return (result as { clients: ClientInfo[] }).clients;
  };
  return { ...fixture, session, clients };
}

async function openWeb(t: ExecutionContext, url: string, headers: Record<string, string> = {}) {
  const client = await WebSocketClient.open(url, { headers });
  t.teardown(() => client.socket.terminate());
  return client;
}

const READ_TOKEN = 'a-token-for-reading';

test('every client is listed with its type and role', async (t) => {
  const { socketPath, webHost, clients } = await start(t, {
    web: true,
    settings: { http: { read_token: READ_TOKEN } },
  });
  const bearer = { authorization: `Bearer ${READ_TOKEN}` };
  const listening = await listenTo(socketPath);
  const silent = await connectTo(socketPath);
  await (await openWeb(t, `ws://${webHost}/rpc`, bearer)).call('hello');
  await (await openWeb(t, `ws://${webHost}/`, bearer)).next();
  await openWeb(t, `ws://${webHost}/rpc`);
  t.deepEqual(
    (await clients()).map(({ name, kind, role }) => [name, kind, role]),
    [
      ['client 1', 'session', 'admin'],
      ['client 2', 'listening', 'admin'],
      ['client 3', 'new', 'admin'],
      ['web client 1', 'webSession', 'read'],
      ['web client 2', 'webMonitor', 'read'],
      ['web client 3', 'new', null],
    ],
  );
  listening.close();
  silent.destroy();
});

test('messages sent to a client are counted, and bytes on its connection', async (t) => {
  const { socketPath, root, clients } = await start(t);
  const listening = await listenTo(socketPath);
  root.say('00 05 45 01', '00 05 52 00', '00 05 44 01 00 07');
  await listening.has(8);
  const [session, other] = await clients();
  t.like(other, { sent: { messages: 3, bytes: 6 + 8 }, queuedBytes: 0, dropped: 0, coalesced: 0 });
  t.is(session?.sent.messages, 0, 'the reply itself is not sent yet');
  t.like((await clients())[0], { sent: { messages: 1 } });
  listening.close();
});

interface Sockets {
  readonly listening: number;
  readonly sent: { readonly messages: number; readonly bytes: number };
}

/** The clients on sockets in the result of the session method `counters`. */
async function socketsOf(session: LineClient): Promise<Sockets> {
  const { result } = await session.ask('counters');
  return (result as { clients: { sockets: Sockets } }).clients.sockets;
}

test('a client that has left is not listed, but still counts in the totals', async (t) => {
  const { socketPath, session, clients } = await start(t);
  const before = await socketsOf(session);
  const [{ sent } = { sent: { bytes: 0 } }] = await clients();
  t.is((await ask(socketPath, 'ACT-C')).length, 2);
  t.deepEqual(
    (await clients()).map(({ kind }) => kind),
    ['session'],
  );
  const after = await socketsOf(session);
  t.is(after.sent.messages - before.sent.messages, 1 + 3, 'the reply, and those of the session');
  t.true(after.sent.bytes > sent.bytes + 2);
});

test('a listening client that reads too slowly is closed, and the message it missed is counted', async (t) => {
  const { socketPath, root, session } = await start(t, { settings: { clients: { outbox_bytes: 1024 } } });
  const listening = await listenTo(socketPath);
  listening.socket.pause();
  const body = `00 05 45 ${'01 '.repeat(700)}`;
  while ((await socketsOf(session)).listening === 1) for (let count = 0; count < 100; count++) root.say(body);
  t.like(await socketsOf(session), { listening: 0, dropped: 1, ended: { slowReader: 1 } });
});

test('status reports how much the current clients have missed', async (t) => {
  const { session } = await start(t);
  t.like((await session.ask('status')).result, {
    clients: { connected: 1, sessions: 1, queuedBytes: 0, sent: { messages: 0 }, dropped: 0, coalesced: 0 },
  });
});

import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import {
  ClientError,
  type ConnectOptions,
  connect,
  type EventStream,
  findSocket,
  RequestError,
  type StreamEvent,
} from '../../src/client/index.js';
import { startGateway, temporaryFolder } from '../support/gateway-fixture.js';
import { Relay } from '../support/relay.js';

async function setUp(t: ExecutionContext, options: ConnectOptions = {}) {
  const gateway = await startGateway();
  const client = await connect({ socket: gateway.socketPath, ...options });
  t.teardown(async () => {
    client.close();
    await gateway.close();
  });
  return { gateway, client };
}

/** A client whose connection to the gateway the test can break. */
async function setUpRelayed(t: ExecutionContext, options: ConnectOptions = {}) {
  const { gateway } = await setUp(t);
  const relay = await Relay.open(join(gateway.folder, 'relay'), gateway.socketPath);
  const client = await connect({ socket: relay.path, ...options });
  t.teardown(() => {
    client.close();
    relay.close();
  });
  const cut = async () => {
    relay.cut();
    while (client.isConnected) await nextTurn();
  };
  return { gateway, client, cut };
}

/** The next events of a stream. */
async function take(stream: EventStream, amount: number): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  while (events.length < amount) {
    const { value, done } = await stream.next();
    if (done) break;
    events.push(value);
  }
  return events;
}

/** A gateway that sends what the test scripts. */
async function fakeGateway(t: ExecutionContext) {
  const folder = temporaryFolder();
  const path = join(folder.path, 's');
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    folder.remove();
  });
  const requests = async (socket: Socket) => {
    const [chunk] = await once(socket, 'data');
    return String(chunk)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  const accept = async () => sockets.at(-1) ?? ((await once(server, 'connection'))[0] as Socket);
  return { path, server, sockets, requests, accept };
}

async function settle(times = 20): Promise<void> {
  for (let turn = 0; turn < times; turn++) await nextTurn();
}

test('connect rejects with NOT_RUNNING without a gateway, and says how to start one', async (t) => {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const error = await t.throwsAsync(connect({ socket: join(folder.path, 's') }), { instanceOf: ClientError });
  t.is(error.code, 'NOT_RUNNING');
  t.regex(error.message, /meshgate start/);
});

/** Root may use any socket; process.test.ts tries the same there, as another user. */
if (process.getuid?.() !== 0) {
  test('connect rejects with NO_PERMISSION where the user may not use the socket', async (t) => {
    const { gateway } = await setUp(t);
    chmodSync(gateway.socketPath, 0);
    const error = await t.throwsAsync(connect({ socket: gateway.socketPath }), { instanceOf: ClientError });
    t.is(error.code, 'NO_PERMISSION');
  });
}

test('the socket is the one given, else that of the environment, else one of the usual paths', (t) => {
  t.is(findSocket('/a', { MESHGATE_SOCKET: '/b' }), '/a');
  t.is(findSocket(undefined, { MESHGATE_SOCKET: '/b' }), '/b');
  t.is(findSocket(undefined, { XDG_RUNTIME_DIR: '/nowhere' }).endsWith('/meshgate.sock'), true);
});

test('typed calls return the results of the session', async (t) => {
  const { gateway, client } = await setUp(t);
  gateway.root.say('00 05 44 01 00 07');
  t.is((await client.hello()).gateway.name, 'meshgate');
  t.is((await client.status()).nodes.total, 1);
  t.is((await client.nodes()).nodes[0]?.status, 'active');
  t.is((await client.node('Node-5')).address, 5);
  t.is((await client.latest('Sequence')).values[0]?.bytes, '07');
  t.is((await client.range({ type: 0, node: 5 })).values.length, 1);
  t.is((await client.send({ node: 5, text: 'hello' })).stage, 'written');
  t.is((await client.broadcast({ text: 'hello' })).to, null);
  t.is((await client.ping({ node: 5, timeoutMs: 1 })).answered, false);
  t.deepEqual(await client.call('log', { text: 'hello' }), {});
  t.true(client.isConnected);
});

test('a refusal is a RequestError with its code', async (t) => {
  const { client } = await setUp(t);
  const error = await t.throwsAsync(client.node(77), { instanceOf: RequestError });
  t.is(error.code, 'NODE_NOT_FOUND');
});

test('calls are sent in the order in which they were made', async (t) => {
  const { path, requests, accept } = await fakeGateway(t);
  const client = await connect({ socket: path });
  t.teardown(() => client.close());
  const socket = await accept();
  const calls = [client.hello(), client.status(), client.nodes()].map((call) => call.catch(() => {}));
  const sent = await requests(socket);
  t.deepEqual(
    sent.map(({ method }) => method),
    ['hello', 'status', 'nodes'],
  );
  client.close();
  await Promise.all(calls);
});

test('with a signal that is already aborted nothing is connected, called or subscribed', async (t) => {
  const { gateway, client } = await setUp(t);
  const signal = AbortSignal.abort(new Error('no'));
  await t.throwsAsync(connect({ socket: gateway.socketPath, signal }), { message: 'no' });
  await t.throwsAsync(client.call('log', { text: 'aborted' }, { signal }), { message: 'no' });
  t.deepEqual(await take(client.subscribe({ signal }), 1), []);
  await client.hello();
  const said = gateway.hub.feed.replay(0).events.filter(({ kind }) => kind === 'traffic');
  t.false(said.some((event) => event.kind === 'traffic' && event.what === 'log'));
});

test('a signal that aborts while connecting rejects, and leaves no connection', async (t) => {
  const { path, server } = await fakeGateway(t);
  const abort = new AbortController();
  const connecting = connect({ socket: path, signal: abort.signal });
  abort.abort(new Error('no'));
  await t.throwsAsync(connecting, { message: 'no' });
  const [socket] = server.listening
    ? await Promise.race([once(server, 'connection'), settle(200).then(() => [])])
    : [];
  if (socket && !(socket as Socket).destroyed) {
    (socket as Socket).resume();
    await once(socket as Socket, 'close');
  }
  t.pass();
});

test('a signal that aborts a call rejects it at once; the connection stays open', async (t) => {
  const { client } = await setUp(t);
  const abort = new AbortController();
  const ping = client.ping({ node: 5, timeoutMs: 60_000 }, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await t.throwsAsync(ping, { message: 'enough' });
  t.truthy(await client.hello());
});

test('a signal that aborts ends a stream, and the gateway’s subscription with it', async (t) => {
  const { gateway, client } = await setUp(t);
  const abort = new AbortController();
  const stream = client.subscribe({ kinds: ['console'], signal: abort.signal });
  await client.hello();
  abort.abort();
  t.true((await stream.next()).done);
  const error = await t.throwsAsync(client.call('unsubscribe', { subscription: '1' }), {
    instanceOf: RequestError,
  });
  t.is(error.code, 'SUBSCRIPTION_NOT_FOUND');
  t.truthy(gateway);
});

test('leaving a stream before the gateway has answered leaves no subscription', async (t) => {
  const { client } = await setUp(t);
  await client.subscribe().return();
  await client.hello();
  const error = await t.throwsAsync(client.call('unsubscribe', { subscription: '1' }), {
    instanceOf: RequestError,
  });
  t.is(error.code, 'SUBSCRIPTION_NOT_FOUND');
});

test('a signal that aborts the client closes it', async (t) => {
  const abort = new AbortController();
  const { client } = await setUp(t, { signal: abort.signal });
  const stream = client.subscribe();
  abort.abort();
  t.deepEqual(await take(stream, 1), []);
  t.is((await t.throwsAsync(client.hello(), { instanceOf: ClientError })).code, 'CLOSED');
});

test('a subscription with a snapshot yields the snapshot first, then every event', async (t) => {
  const { gateway, client } = await setUp(t);
  gateway.root.say('00 05 44 01 00 07');
  const stream = client.subscribe({ snapshot: true, kinds: ['value'] });
  await client.hello();
  gateway.root.say('00 05 44 01 00 08');
  const [first, second] = await take(stream, 2);
  t.is(first?.kind === 'snapshot' && first.snapshot.nodes[0]?.values[0]?.bytes, '07');
  t.is(second?.kind === 'value' && second.value.bytes, '08');
});

test('a stream that the gateway refuses throws the error', async (t) => {
  const { client } = await setUp(t);
  const stream = client.subscribe({ types: ['Weather'] });
  const error = await t.throwsAsync(stream.next(), { instanceOf: RequestError });
  t.is(error.code, 'TYPE_NOT_FOUND');
});

test('since a number that the gateway never had: the range is reported, then the events that it holds', async (t) => {
  const { gateway, client } = await setUp(t);
  const first = gateway.hub.feed.replay(0).events[0]?.seq ?? 0;
  const [gap, event] = await take(client.subscribe({ since: 5 }), 2);
  t.deepEqual(gap, { kind: 'gap', from: 6, to: first - 1, where: 'gateway' });
  t.is(event && 'seq' in event && event.seq, first);
});

test('several streams of one client each get their own events', async (t) => {
  const { gateway, client } = await setUp(t);
  const values = client.subscribe({ kinds: ['value'] });
  const lines = client.subscribe({ kinds: ['traffic'] });
  await client.call('log', { text: 'hello' });
  gateway.root.say('00 05 44 01 00 07');
  t.is((await take(values, 1))[0]?.kind, 'value');
  t.is((await take(lines, 1))[0]?.kind, 'traffic');
});

test('close ends streams and rejects calls with CLOSED, pending and future ones', async (t) => {
  const { client } = await setUp(t);
  const waiting = client.ping({ node: 5, timeoutMs: 60_000 });
  const stream = client.subscribe();
  client.close();
  client.close();
  t.is((await t.throwsAsync(waiting, { instanceOf: ClientError })).code, 'CLOSED');
  t.is((await t.throwsAsync(client.hello(), { instanceOf: ClientError })).code, 'CLOSED');
  t.deepEqual(await take(stream, 1), []);
  t.deepEqual(await take(client.subscribe(), 1).catch(({ code }) => code), 'CLOSED');
});

test('a lost connection rejects pending calls with CONNECTION_LOST', async (t) => {
  const { path, accept, requests } = await fakeGateway(t);
  const client = await connect({ socket: path });
  t.teardown(() => client.close());
  const socket = await accept();
  const waiting = client.hello();
  await requests(socket);
  socket.destroy();
  t.is((await t.throwsAsync(waiting, { instanceOf: ClientError })).code, 'CONNECTION_LOST');
});

test('a client that does not reconnect is closed when its connection ends', async (t) => {
  const { path, accept } = await fakeGateway(t);
  const client = await connect({ socket: path, reconnect: false });
  const socket = await accept();
  const stream = client.subscribe();
  socket.destroy();
  t.is((await t.throwsAsync(stream.next(), { instanceOf: ClientError })).code, 'CONNECTION_LOST');
  t.is((await t.throwsAsync(client.hello(), { instanceOf: ClientError })).code, 'CONNECTION_LOST');
});

for (const reason of ['SLOW_READER', 'LINE_TOO_LONG'] as const) {
  test(`when the gateway refuses the client with ${reason}, streams and calls fail with that`, async (t) => {
    const { path, sockets, accept, requests } = await fakeGateway(t);
    const client = await connect({ socket: path });
    const socket = await accept();
    const stream = client.subscribe();
    const waiting = client.hello();
    await requests(socket);
    socket.write(`{"jsonrpc":"2.0","method":"closing","params":{"reason":"${reason}"}}\n`);
    t.is((await t.throwsAsync(stream.next(), { instanceOf: ClientError })).code, reason);
    t.is((await t.throwsAsync(waiting, { instanceOf: ClientError })).code, reason);
    await settle();
    t.is(sockets.length, 1);
  });
}

test('texts from the gateway that are not JSON-RPC are ignored', async (t) => {
  const { path, accept, requests } = await fakeGateway(t);
  const client = await connect({ socket: path });
  t.teardown(() => client.close());
  const socket = await accept();
  const hello = client.hello();
  const [{ id }] = await requests(socket);
  const odd = [
    '',
    'nonsense',
    'null',
    '5',
    '[]',
    '{}',
    '{"id":99,"result":1}',
    '{"method":"event","params":{}}',
  ];
  socket.write(odd.map((line) => `${line}\n`).join(''));
  socket.write(`{"jsonrpc":"2.0","id":${id},"result":{"gateway":`);
  await settle();
  socket.write('{}}}\n');
  t.deepEqual((await hello) as object, { gateway: {} });
});

/** The request of the gateway's `subscribe`, and an answer to it. */
async function answerSubscribe(
  socket: Socket,
  requests: (socket: Socket) => Promise<{ id: number; params: { since?: number } }[]>,
  result: object,
): Promise<number | undefined> {
  const [request] = await requests(socket);
  const reply = {
    jsonrpc: '2.0',
    id: request?.id,
    result: { subscription: '1', gone: null, snapshot: null, ...result },
  };
  socket.write(`${JSON.stringify(reply)}\n`);
  return request?.params.since;
}

function tell(socket: Socket, method: string, params: object): void {
  socket.write(`${JSON.stringify({ jsonrpc: '2.0', method, params: { subscription: '1', ...params } })}\n`);
}

const consoleEvent = (seq: number) => ({ event: { kind: 'console', seq, at: 0, line: '' } });

/** Breaks the connection after the texts of `say`, and returns the number after which the client resumes. */
async function resumesBehind(
  t: ExecutionContext,
  result: object,
  say: (socket: Socket) => void,
  events: number,
) {
  const { path, server, requests, accept } = await fakeGateway(t);
  const client = await connect({ socket: path });
  t.teardown(() => client.close());
  const socket = await accept();
  const stream = client.subscribe({ snapshot: true });
  await answerSubscribe(socket, requests, result);
  say(socket);
  const taken = await take(stream, events);
  const again = once(server, 'connection');
  socket.destroy();
  const [next] = (await again) as [Socket];
  const since = await answerSubscribe(next, requests, { seq: 1000, snapshot: { seq: 1000 } });
  tell(next, 'event', consoleEvent(1001));
  const [following] = await take(stream, 1);
  return { since, taken, following };
}

test('a stream resumes after its last event, and gets no second snapshot', async (t) => {
  const say = (socket: Socket) => tell(socket, 'event', consoleEvent(107));
  const { since, taken, following } = await resumesBehind(t, { seq: 100, snapshot: { seq: 100 } }, say, 2);
  t.deepEqual(
    taken.map(({ kind }) => kind),
    ['snapshot', 'console'],
  );
  t.is(since, 107);
  t.is(following?.kind, 'console');
});

test('a stream without events resumes after the number at which its subscription started', async (t) => {
  const { since } = await resumesBehind(t, { seq: 100 }, () => {}, 0);
  t.is(since, 100);
});

test('a value that arrives late, after a gap or an interval, does not make a stream resume too early', async (t) => {
  const say = (socket: Socket) => {
    tell(socket, 'gap', { from: 101, to: 150, dropped: 48, coalesced: 0 });
    tell(socket, 'event', consoleEvent(120));
  };
  const { since, taken } = await resumesBehind(t, { seq: 100 }, say, 2);
  t.deepEqual(taken[0], { kind: 'gap', from: 101, to: 150, where: 'connection' });
  t.is(since, 150);
});

test('a lost range is reported once: a stream resumes after it', async (t) => {
  const gone = { from: 51, to: 90 };
  const { since, taken } = await resumesBehind(t, { seq: 100, gone }, () => {}, 1);
  t.deepEqual(taken, [{ kind: 'gap', ...gone, where: 'gateway' }]);
  t.is(since, 90);
});

test('when the numbering has restarted, a stream resumes from its beginning until an event has come', async (t) => {
  const { since } = await resumesBehind(t, { seq: 100, gone: { from: 5001, to: null } }, () => {}, 1);
  t.is(since, 0);
});

test('when the numbering has restarted, a stream resumes after the events that have come since', async (t) => {
  const say = (socket: Socket) => tell(socket, 'event', consoleEvent(98));
  const { since } = await resumesBehind(t, { seq: 100, gone: { from: 5001, to: null } }, say, 2);
  t.is(since, 98);
});

test('a call made while the connection is lost waits for the next one', async (t) => {
  const changes: boolean[] = [];
  const { client, cut } = await setUpRelayed(t, {
    onConnectionChange: (isConnected) => changes.push(isConnected),
  });
  await cut();
  t.false(client.isConnected);
  t.truthy(await client.hello());
  t.deepEqual(changes, [false, true]);
});

test('a stream across lost connections gets every event once, and no gap', async (t) => {
  const { gateway, client, cut } = await setUpRelayed(t);
  const stream = client.subscribe({ kinds: ['traffic'] });
  await client.hello();
  for (let round = 0; round < 3; round++) {
    await gateway.hub.commands.execute({ kind: 'log', text: `${round} before` }, 'test');
    await cut();
    await gateway.hub.commands.execute({ kind: 'log', text: `${round} meanwhile` }, 'test');
    await client.hello();
  }
  const texts = (await take(stream, 6)).map((event) => (event.kind === 'traffic' ? event.text : event.kind));
  t.deepEqual(
    texts,
    [0, 1, 2].flatMap((round) => [`${round} before`, `${round} meanwhile`]),
  );
});

test('a call that waits for a connection can be aborted, and is not made later', async (t) => {
  const { path, server, sockets, accept } = await fakeGateway(t);
  const client = await connect({ socket: path });
  t.teardown(() => client.close());
  (await accept()).destroy();
  while (client.isConnected) await nextTurn();
  const abort = new AbortController();
  const call = client.call('log', { text: 'too late' }, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await t.throwsAsync(call, { message: 'enough' });
  const [next] = (await once(server, 'connection')) as [Socket];
  let heard = '';
  next.on('data', (chunk) => {
    heard += String(chunk);
  });
  const hello = client.hello().catch(() => {});
  while (!heard.includes('\n')) await nextTurn();
  t.regex(heard, /hello/);
  t.notRegex(heard, /too late/);
  client.close();
  await hello;
  t.is(sockets.length, 2);
});

test('a client that is closed while it reconnects does not connect again', async (t) => {
  const { path, sockets, accept } = await fakeGateway(t);
  const client = await connect({ socket: path });
  (await accept()).destroy();
  while (client.isConnected) await nextTurn();
  const waiting = client.hello();
  client.close();
  t.is((await t.throwsAsync(waiting, { instanceOf: ClientError })).code, 'CLOSED');
  await new Promise((resolve) => setTimeout(resolve, 150));
  t.is(sockets.length, 1);
});

test('a stream started when the connection has just come back is subscribed once', async (t) => {
  const streams: EventStream[] = [];
  const { client, cut } = await setUpRelayed(t, {
    onConnectionChange: (isConnected) => {
      if (isConnected) streams.push(client.subscribe({ kinds: ['traffic'] }));
    },
  });
  await cut();
  await client.hello();
  await client.call('log', { text: 'one' });
  await client.call('log', { text: 'two' });
  const events = streams[0] ? await take(streams[0], 2) : [];
  t.deepEqual(
    events.map((event) => event.kind === 'traffic' && event.text),
    ['one', 'two'],
  );
  await t.throwsAsync(client.call('unsubscribe', { subscription: '2' }), { instanceOf: RequestError });
});

/** Nodes 5 and 6 have sent 1, 2, 3. */
async function setUpPast(t: ExecutionContext) {
  const { gateway, client } = await setUp(t);
  for (const value of ['01', '02', '03']) {
    gateway.root.say(`00 05 44 01 00 ${value}`, `00 06 44 01 00 ${value}`);
  }
  while ((await client.latest('Sequence', 6).catch(() => undefined))?.values[0]?.bytes !== '03')
    await settle();
  return client;
}

test('exported values come one by one across pages, by ascending node', async (t) => {
  const client = await setUpPast(t);
  const found: string[] = [];
  for await (const { name, bytes } of client.exportValues({ limit: 2 })) found.push(`${name} ${bytes}`);
  t.deepEqual(found, ['Node-5 01', 'Node-5 02', 'Node-5 03', 'Node-6 01', 'Node-6 02', 'Node-6 03']);
  const ofOne: number[] = [];
  for await (const { node } of client.exportValues({ node: 'node-6', type: 'Sequence' })) ofOne.push(node);
  t.deepEqual(ofOne, [6, 6, 6]);
});

test('pages of an export report the progress; the last one is 1', async (t) => {
  const client = await setUpPast(t);
  const pages: { length: number; progress: number }[] = [];
  for await (const { values, progress } of client.exportPages({ limit: 4 })) {
    pages.push({ length: values.length, progress });
  }
  t.is(pages.length, 2);
  t.deepEqual(pages[1], { length: 2, progress: 1 });
  t.true((pages[0]?.progress ?? 0) < 1);
});

test('leaving an export requests no more pages, and an aborted signal rejects it', async (t) => {
  const client = await setUpPast(t);
  for await (const { bytes } of client.exportValues({ limit: 1 })) {
    t.is(bytes, '01');
    break;
  }
  const end = new AbortController();
  const values = client.exportValues({ limit: 1, signal: end.signal });
  await values.next();
  end.abort(new Error('enough'));
  await t.throwsAsync(values.next(), { message: 'enough' });
  await t.throwsAsync(client.exportValues({ type: 'nothing' }).next(), { instanceOf: RequestError });
});

test('aggregate returns the aggregates of the values received', async (t) => {
  const client = await setUpPast(t);
  const { buckets } = await client.aggregate({
    type: 'Sequence',
    node: 5,
    from: 0,
    bucketMs: 86_400_000_000,
  });
  t.like(buckets[0], { count: 3, fields: { sequence: { min: 1, max: 3, mean: 2, last: 3 } } });
});

import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Hub } from '../../src/hub/hub.js';
import { type FixtureOptions, startGateway, temporaryFolder } from '../support/gateway-fixture.js';
import { askHttp } from '../support/http-ask.js';
import { ManualClock } from '../support/manual-clock.js';
import { killProcesses, runToEnd, startProcess } from '../support/process-fixture.js';
import { type RpcMessage, WebSocketClient } from '../support/web-socket-client.js';

test.after.always(killProcesses);

async function start(t: ExecutionContext, options: FixtureOptions = {}) {
  const fixture = await startGateway({ web: true, ...options });
  t.teardown(() => fixture.close());
  return fixture;
}

async function open(t: ExecutionContext, host: string, path = '/rpc') {
  const client = await WebSocketClient.open(`ws://${host}${path}`);
  t.teardown(() => client.socket.terminate());
  return client;
}

test('/rpc serves the same session as the Unix socket: methods, events, errors, batches', async (t) => {
  const { webHost, root } = await start(t);
  const client = await open(t, webHost);
  t.like((await client.call('hello')).result, { protocol: { min: 1, max: 1 }, role: 'admin' });
  const { result } = await client.call('subscribe', { kinds: ['value', 'node'], snapshot: true });
  t.like(result, { subscription: '1', gone: null });
  root.say('00 05 44 01 00 07');
  const event = JSON.parse(await client.find((text) => text.includes('"value"'))) as RpcMessage;
  t.like(event.params?.event, { kind: 'value', value: { node: 5, type: 'Sequence', bytes: '07' } });
  t.is((await client.call('nothing')).error?.data.code, 'UNKNOWN_METHOD');
  client.socket.send('[{"jsonrpc":"2.0","id":"a","method":"status"},{"jsonrpc":"2.0","method":"status"}]');
  t.regex(await client.find((text) => text.startsWith('[')), /^\[\{"jsonrpc":"2.0","id":"a","result":\{/);
  client.socket.send(Buffer.from([0, 1, 2]));
  t.is(JSON.parse(await client.next()).error.data.code, 'PARSE_ERROR');
});

test('a session that ends leaks nothing, and the gateway counts how it ended', async (t) => {
  const { webHost, gateway } = await start(t);
  const watcher = await open(t, webHost);
  const client = await open(t, webHost);
  await client.call('subscribe', {});
  await client.close();
  const { result } = await watcher.call('counters');
  t.like((result as { clients: object }).clients, {
    web: { accepted: 2, connected: 1, ended: { clientLeft: 1 } },
  });
  await gateway.stop();
  t.like(JSON.parse(await watcher.next()), { method: 'closing', params: { reason: 'STOPPED' } });
  t.is(await watcher.closed, 1001);
});

/** How many have subscribed from now on, and not ended it. */
function countSubscriptions(hub: Hub): () => number {
  let count = 0;
  const subscribe = hub.feed.subscribe.bind(hub.feed);
  Object.assign(hub.feed, {
    subscribe(listener: Parameters<Hub['feed']['subscribe']>[0]) {
      const unsubscribe = subscribe(listener);
      count++;
      return () => {
        count--;
        unsubscribe();
      };
    },
  });
  return () => count;
}

test('a token after a wrong one opens nothing', async (t) => {
  const token = 'a-token-for-everything';
  const { webHost, hub } = await start(t, { settings: { http: { token } } });
  const subscribed = countSubscriptions(hub);
  const client = await open(t, webHost);
  for (const shown of ['wrong', token])
    client.socket.send(JSON.stringify({ id: shown, params: { token: shown } }));
  client.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 'last', method: 'hello' }));
  t.regex(await client.next(), /UNAUTHORIZED/);
  t.is(await client.closed, 1008);
  t.deepEqual(client.received, []);
  t.is(subscribed(), 0);
});

test('a client that does not answer a ping is dropped 40 s later; the others stay', async (t) => {
  const clock = new ManualClock();
  const { webHost } = await start(t, { clock });
  const alive = await open(t, webHost);
  const dead = await WebSocketClient.open(`ws://${webHost}/rpc`, { autoPong: false });
  const pinged = Promise.all([alive, dead].map(({ socket }) => once(socket, 'ping')));
  clock.advance(20_000);
  await pinged;
  await alive.call('hello');
  clock.advance(20_000);
  t.is(await dead.closed, 1006);
  const { result } = await alive.call('counters');
  t.like((result as { clients: object }).clients, { web: { connected: 1, ended: { notAlive: 1 } } });
});

test('a client that sends no token is refused after 5 s', async (t) => {
  const clock = new ManualClock();
  const { webHost } = await start(t, { clock, settings: { http: { token: 'a-token-for-everything' } } });
  const client = await open(t, webHost);
  clock.advance(5000);
  t.regex(await client.next(), /UNAUTHORIZED/);
  t.is(await client.closed, 1008);
});

interface WebCounters {
  readonly queuedBytes: number;
  readonly connected: number;
  readonly coalesced: number;
  readonly ended: Readonly<Record<string, number>>;
}

async function webCounters(session: WebSocketClient): Promise<WebCounters> {
  const { result } = await session.call('counters');
  return (result as { clients: { web: WebCounters } }).clients.web;
}

/** A state of this many nodes is far larger than the socket buffers. */
const NODES = 5000;
const ROUNDS = 30;

test('a dashboard that never reads has at most one message queued, and is dropped 40 s later', async (t) => {
  const clock = new ManualClock();
  const { webHost, root } = await start(t, { clock, settings: { http: { classic: 'v2' } } });
  for (let node = 1; node < NODES; node++) root.say(Buffer.from([node >> 8, node & 0xff, 0x45, 1]));
  const session = await open(t, webHost);
  const lazy = await open(t, webHost, '/');
  lazy.socket.pause();
  const sizes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    root.say(Buffer.from([0, 1, 0x44, 1, 0, round]));
    clock.advance(250);
    sizes.push((await webCounters(session)).queuedBytes);
  }
  // The system buffers the first few; then one waits, and stays.
  t.is(new Set(sizes.filter((size) => size > 0)).size, 1, `${sizes}`);
  const pinged = once(session.socket, 'ping');
  clock.advance(20_000);
  await pinged;
  await session.call('hello');
  clock.advance(20_000);
  t.like(await webCounters(session), { connected: 1, ended: { notAlive: 1 } });
});

async function hold(port: number): Promise<() => void> {
  const server = createServer().listen(port, '127.0.0.1');
  // Another program may hold it already.
  await once(server, 'listening').catch(() => {});
  return () => server.close();
}

test('if the default port is in use the next free one is used, and banner, log, status and doctor name it', async (t) => {
  t.teardown(await hold(7654));
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const socket = join(folder.path, 's');
  const started = await startProcess(['--simulate', '--socket', socket]);
  const [, url = '', port = ''] = await started.printed(
    /dashboard: (http:\/\/127\.0\.0\.1:(\d+)\/) \(port 7654 is in use\)/,
  );
  t.true(Number(port) > 7654 && Number(port) < 7664, port);
  t.regex(started.stderr, new RegExp(`127.0.0.1:7654 is in use, so the dashboard is on port ${port}`));
  t.is((await askHttp(url)).status, 200);
  const status = await runToEnd(['status', '--socket', socket, '--json']);
  t.is(JSON.parse(status.stdout).dashboard, url);
  t.true((await runToEnd(['doctor', '--socket', socket])).stdout.includes(`is on ${url}`));
  t.is((await started.stop()).code, 0);
});

test('if a configured port is in use the gateway exits with code 7', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const { port } = taken.address() as { port: number };
  const socket = join(folder.path, 's');
  const { code, stderr } = await runToEnd([
    'start',
    '--simulate',
    '--socket',
    socket,
    '--http',
    String(port),
  ]);
  t.is(code, 7);
  t.regex(stderr, new RegExp(`127\\.0\\.0\\.1:${port}`));
});

test('an address reachable by other machines needs a token: exit code 6', async (t) => {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const socket = join(folder.path, 's');
  const { code, stderr } = await runToEnd(['start', '--simulate', '--socket', socket, '--http', '0.0.0.0:0']);
  t.is(code, 6);
  t.regex(stderr, /http\.token must be set/);
});

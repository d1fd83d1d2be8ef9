/** Which of the clients' traffic reaches the flight recorder, on real sockets. */
import test, { type ExecutionContext } from 'ava';
import { Recording } from '../../src/recorder/recording.js';
import { ask, connectTo, listenTo, readAll } from '../support/classic-client.js';
import { type FixtureOptions, type GatewayFixture, startGateway } from '../support/gateway-fixture.js';
import { LineClient } from '../support/line-client.js';
import { until } from '../support/waiters.js';
import { WebSocketClient } from '../support/web-socket-client.js';

async function start(t: ExecutionContext, options: FixtureOptions = {}): Promise<GatewayFixture> {
  const fixture = await startGateway(options);
  t.teardown(() => fixture.close());
  return fixture;
}

/** `client 1: request NINFO`, in order; the UART is omitted. */
function recordedLines({ gateway }: GatewayFixture): string[] {
  const blocks = gateway.recorder?.read({}, Number.POSITIVE_INFINITY).blocks ?? Buffer.alloc(0);
  if (blocks.length === 0) return [];
  return [...new Recording(blocks).entries()].flatMap(({ kind, client, payload }) =>
    client === '' || kind === 'client' ? [] : [`${client}: ${kind} ${payload.toString('latin1')}`],
  );
}

/** Resolves when this much has been recorded; connections end a moment after their clients have seen it. */
async function recorded(fixture: GatewayFixture, amount: number): Promise<string[]> {
  await until(() => recordedLines(fixture).length >= amount, `${amount} are recorded`);
  return recordedLines(fixture);
}

test('a command of the classic dialect, its reply, and how the connection ended', async (t) => {
  const fixture = await start(t);
  await ask(fixture.socketPath, 'ACT-C');
  t.deepEqual(await recorded(fixture, 3), [
    'client 1: request ACT-C',
    'client 1: reply S\0',
    'client 1: ended answered',
  ]);
});

test('a request that is refused, one in pieces, and one that is never finished', async (t) => {
  const fixture = await start(t);
  await ask(fixture.socketPath, 'WHAT?');
  await ask(fixture.socketPath, 'NETIFA', 'byteByByte');
  await ask(fixture.socketPath, 'SEND-', 'withShutdown');
  t.deepEqual(await recorded(fixture, 9), [
    'client 1: request WHAT?',
    'client 1: reply F\x0fUnknown Command',
    'client 1: ended refused',
    'client 2: request NETIFA',
    'client 2: reply S\0',
    'client 2: ended answered',
    'client 3: request SEND-',
    'client 3: reply F\x17No Dst Address Attached',
    'client 3: ended timedOut',
  ]);
});

test('for a listening client only its handshake is recorded: pushed messages are in the recording anyway', async (t) => {
  const fixture = await start(t);
  const client = await listenTo(fixture.socketPath);
  fixture.root.say('00 05 41');
  await client.has(3);
  client.close();
  t.deepEqual(await recorded(fixture, 3), [
    'client 1: request [syn]\0',
    'client 1: reply [ack]\0',
    'client 1: ended clientLeft',
  ]);
});

test('for a session requests and replies are recorded, but no events', async (t) => {
  const fixture = await start(t);
  const client = await LineClient.open(fixture.socketPath);
  await client.ask('subscribe', { kinds: ['message'] }, 1);
  fixture.root.say('00 05 41');
  await client.until(() => client.lines.find(({ method }) => method === 'event'));
  await client.ask('acknowledge', { id: 'x' }, 2);
  client.socket.write('no JSON\n');
  await client.line(3);
  client.close();
  const lines = await recorded(fixture, 7);
  t.deepEqual(
    lines.map((line) => line.slice(0, 40)),
    [
      'client 1: call {"jsonrpc":"2.0","id":1,"',
      'client 1: result {"jsonrpc":"2.0","id":1',
      'client 1: call {"jsonrpc":"2.0","id":2,"',
      'client 1: result {"jsonrpc":"2.0","id":2',
      'client 1: call no JSON',
      'client 1: result {"jsonrpc":"2.0","id":n',
      'client 1: ended clientLeft',
    ],
  );
  t.regex(lines[3] ?? '', /ALARM_NOT_FOUND/);
});

test('a batch is one request and one reply', async (t) => {
  const fixture = await start(t);
  const client = await LineClient.open(fixture.socketPath);
  await client.ask('hello', {}, 1);
  client.say([{ jsonrpc: '2.0', id: 2, method: 'robots' }]);
  await client.line(1);
  client.close();
  t.deepEqual((await recorded(fixture, 5)).slice(2, 4), [
    'client 1: call [{"jsonrpc":"2.0","id":2,"method":"robots"}]',
    'client 1: result [{"jsonrpc":"2.0","id":2,"result":{"robots":[]}}]',
  ]);
});

test('sessions over websockets too; a token is not recorded', async (t) => {
  const token = 'a-token-of-sixteen';
  const fixture = await start(t, { web: true, settings: { http: { token } } });
  const client = await WebSocketClient.open(`ws://${fixture.webHost}/rpc`);
  client.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'authenticate', params: { token } }));
  await client.next();
  client.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'robots' }));
  await client.next();
  await client.close();
  t.deepEqual(await recorded(fixture, 3), [
    'web client 1: call {"jsonrpc":"2.0","id":2,"method":"robots"}',
    'web client 1: result {"jsonrpc":"2.0","id":2,"result":{"robots":[]}}',
    'web client 1: ended clientLeft',
  ]);
});

test('reading a recording is not itself recorded, alone or in a batch', async (t) => {
  const fixture = await start(t);
  const client = await LineClient.open(fixture.socketPath);
  const { result } = await client.ask('recording', {}, 1);
  const { blocks, more, cursor } = result as { blocks: string; more: boolean; cursor: string };
  t.false(more);
  t.true([...new Recording(Buffer.from(blocks, 'base64')).entries()].some(({ kind }) => kind === 'opened'));
  client.say([{ jsonrpc: '2.0', id: 2, method: 'recording' }]);
  await client.line(1);
  const again = await client.ask('recording', { after: cursor }, 3);
  const calls = recordedLines(fixture);
  t.is(calls.length, 1);
  t.regex(calls[0] ?? '', /^client 1: call \[/);
  t.like(again.result, { missed: 0 });
  client.close();
});

test('a read-only client cannot read the recording', async (t) => {
  const fixture = await start(t, { web: true, settings: { http: { read_only: true } } });
  const client = await WebSocketClient.open(`ws://${fixture.webHost}/rpc`);
  t.is((await client.call('recording')).error?.data.code, 'FORBIDDEN');
  await client.close();
});

test('clients can be excluded, and the recorder turned off', async (t) => {
  const withoutClients = await start(t, { settings: { recorder: { clients: false } } });
  await ask(withoutClients.socketPath, 'ACT-C');
  t.deepEqual(recordedLines(withoutClients), []);
  const off = await start(t, { settings: { recorder: { bytes: 0 } } });
  const client = await LineClient.open(off.socketPath);
  t.is((await client.ask('recording')).error?.data?.code, 'RECORDER_OFF');
  t.like((await client.ask('counters')).result, { recorder: null });
  client.close();
  const client2 = await LineClient.open(withoutClients.socketPath);
  const { result } = await client2.ask('counters');
  t.like(result, { recorder: { droppedBlocks: 0, disk: null } });
  client2.close();
});

test('the reply to a connection that was refused at once is recorded', async (t) => {
  const fixture = await start(t, { settings: { clients: { max: 1 } } });
  const held = await listenTo(fixture.socketPath);
  const refused = await connectTo(fixture.socketPath);
  await readAll(refused);
  const all = (await recorded(fixture, 4)).filter((line) => line.startsWith('client 2: '));
  t.is(all[0], 'client 2: reply F\x10Too Many Clients');
  held.close();
});

test('a token sent in a session is not recorded', async (t) => {
  const fixture = await start(t, { web: true });
  const client = await WebSocketClient.open(`ws://${fixture.webHost}/rpc`);
  const token = 'a-token-for-everything';
  await client.call('authenticate', { token });
  client.socket.send(
    JSON.stringify([
      { id: 7, token },
      { jsonrpc: '2.0', id: 8, method: 'hello' },
    ]),
  );
  await client.find((text) => text.includes('"id":8'));
  const calls = (await recorded(fixture, 4)).filter((line) => line.includes(': call '));
  t.deepEqual(calls, [
    'web client 1: call {"id":1,"method":"authenticate"}',
    'web client 1: call [{"id":7,"method":"authenticate"},{"jsonrpc":"2.0","id":8,"method":"hello"}]',
  ]);
  await client.close();
});

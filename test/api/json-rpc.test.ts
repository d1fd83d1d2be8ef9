import test, { type ExecutionContext } from 'ava';
import { sendPieces } from '../support/classic-client.js';
import { type GatewayFixture, startGateway } from '../support/gateway-fixture.js';
import { type Line, LineClient } from '../support/line-client.js';
import { settled } from '../support/manual-clock.js';
import { SessionFixture } from '../support/session-fixture.js';

let gateway: GatewayFixture;

test.before(async () => {
  gateway = await startGateway();
});

test.after.always(() => gateway.close());

async function connect(t: ExecutionContext): Promise<LineClient> {
  const client = await LineClient.open(gateway.socketPath);
  t.teardown(() => client.close());
  return client;
}

const HELLO = { jsonrpc: '2.0', id: 1, method: 'hello' };
const HELLO_LINE = Buffer.from(`${JSON.stringify(HELLO)}\n`);

test('a request is answered with its id', async (t) => {
  const client = await connect(t);
  const { jsonrpc, id, result } = await client.ask('hello', {}, 7);
  t.deepEqual([jsonrpc, id], ['2.0', 7]);
  t.like(result, { protocol: { min: 1, max: 1 }, gateway: { name: 'meshgate' }, link: { state: 'up' } });
});

const REFUSALS: readonly (readonly [string, string, number, string, unknown])[] = [
  ['not JSON', '{', -32700, 'PARSE_ERROR', null],
  ['text after the JSON', '{"jsonrpc":"2.0","id":1,"method":"hello"} x', -32700, 'PARSE_ERROR', null],
  ['invalid UTF-8', '{"a":\xff}', -32700, 'PARSE_ERROR', null],
  ['a number', '5', -32600, 'INVALID_REQUEST', null],
  ['null', 'null', -32600, 'INVALID_REQUEST', null],
  ['a text', '"hello"', -32600, 'INVALID_REQUEST', null],
  ['an empty object', '{}', -32600, 'INVALID_REQUEST', null],
  ['no version', '{"id":1,"method":"hello"}', -32600, 'INVALID_REQUEST', 1],
  ['another version', '{"jsonrpc":"1.0","id":1,"method":"hello"}', -32600, 'INVALID_REQUEST', 1],
  ['no method', '{"jsonrpc":"2.0","id":1}', -32600, 'INVALID_REQUEST', 1],
  ['a method that is not a string', '{"jsonrpc":"2.0","id":1,"method":5}', -32600, 'INVALID_REQUEST', 1],
  ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"hello"}', -32600, 'INVALID_REQUEST', null],
  ['an id that is true', '{"jsonrpc":"2.0","id":true,"method":"hello"}', -32600, 'INVALID_REQUEST', null],
  ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"dance"}', -32601, 'UNKNOWN_METHOD', 1],
  ['a method of Object', '{"jsonrpc":"2.0","id":1,"method":"toString"}', -32601, 'UNKNOWN_METHOD', 1],
  ['params in a list', '{"jsonrpc":"2.0","id":1,"method":"node","params":[5]}', -32602, 'BAD_PARAMS', 1],
  ['params that are text', '{"jsonrpc":"2.0","id":1,"method":"node","params":"5"}', -32602, 'BAD_PARAMS', 1],
  ['a missing parameter', '{"jsonrpc":"2.0","id":1,"method":"node"}', -32602, 'BAD_PARAMS', 1],
  [
    'too many parameters',
    '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"a":1}}',
    -32602,
    'BAD_PARAMS',
    1,
  ],
  ['an empty batch', '[]', -32600, 'INVALID_REQUEST', null],
];

for (const [what, text, rpc, code, id] of REFUSALS) {
  test(`${what} is refused with ${code}, and the session continues`, async (t) => {
    const client = await connect(t);
    client.say(HELLO);
    await client.line(0);
    client.socket.write(Buffer.from(`${text}\n`, 'latin1'));
    const refusal = await client.line(1);
    t.is(refusal.jsonrpc, '2.0');
    t.is(refusal.id, id);
    t.is(refusal.error?.code, rpc);
    t.is(refusal.error?.data?.code, code);
    t.true((refusal.error?.message.length ?? 0) > 10);
    t.truthy((await client.ask('hello')).result);
  });
}

test('a refused parameter is named', async (t) => {
  const client = await connect(t);
  const { error } = await client.ask('range', { type: 'GPS', node: 5, limit: 0 });
  t.regex(error?.message ?? '', /^limit: /);
  const unknown = await client.ask('hello', { verbose: true });
  t.regex(unknown.error?.message ?? '', /verbose/);
});

for (const id of [0, -1, 1.5, 1e300, '', 'a', '☃', null]) {
  test(`a reply echoes the id ${JSON.stringify(id)} exactly`, async (t) => {
    const client = await connect(t);
    client.say({ jsonrpc: '2.0', id, method: 'hello' });
    const reply = await client.line(0);
    t.true('id' in reply);
    t.is(reply.id, id);
    t.truthy(reply.result);
  });
}

test('a notification is carried out and gets no reply, not even an error', async (t) => {
  const client = await connect(t);
  const texts: string[] = [];
  const unsubscribe = gateway.hub.feed.subscribe((event) => {
    if (event.kind === 'traffic' && event.what === 'log') texts.push(event.text);
  });
  t.teardown(unsubscribe);
  client.say(
    { jsonrpc: '2.0', method: 'log', params: { text: 'noted' } },
    { jsonrpc: '2.0', method: 'dance' },
    { jsonrpc: '2.0', method: 'node', params: { node: 'nobody' } },
    HELLO,
  );
  t.is((await client.line(0)).id, 1);
  t.deepEqual(texts, ['noted']);
});

test('a batch is answered by one array: results and errors, no notifications', async (t) => {
  const client = await connect(t);
  client.say(HELLO);
  client.say([
    { jsonrpc: '2.0', id: 'a', method: 'hello' },
    { jsonrpc: '2.0', method: 'hello' },
    { jsonrpc: '2.0', id: 'b', method: 'dance' },
    5,
    [HELLO],
    { jsonrpc: '2.0', id: 'c', method: 'refresh' },
  ]);
  gateway.root.answerNext(['00 00 01 00']);
  const replies = await client.line(1);
  t.deepEqual(
    replies.map(({ id, error, result }) => [id, error?.data?.code ?? typeof result]),
    [
      ['a', 'object'],
      ['b', 'UNKNOWN_METHOD'],
      [null, 'INVALID_REQUEST'],
      [null, 'INVALID_REQUEST'],
      ['c', 'object'],
    ],
  );
});

test('a batch of notifications only is not answered', async (t) => {
  const client = await connect(t);
  client.say(HELLO);
  client.say([{ jsonrpc: '2.0', method: 'hello' }]);
  t.truthy((await client.ask('hello', {}, 2)).result);
  t.is(client.lines.length, 2);
});

test('a batch of more than 1,000 requests is refused entirely', async (t) => {
  const client = await connect(t);
  client.say(HELLO);
  client.say(Array.from({ length: 1001 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'hello' })));
  const { id, error } = await client.line(1);
  t.is(id, null);
  t.is(error?.data?.code, 'TOO_MANY_REQUESTS');
});

test('a batch whose replies become too long gets errors for the rest, and the gateway keeps running', async (t) => {
  const fixture = await SessionFixture.open();
  for (let node = 5; node < 3000; node++) {
    fixture.mesh.network.onFrame(Buffer.of(node >> 8, node & 0xff, 0x52, 0));
  }
  const batch = Array.from({ length: 200 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'nodes' }));
  fixture.session.receive(JSON.stringify(batch));
  await settled();
  const [text = ''] = fixture.transport.texts;
  t.true(text.length < 20_000_000, String(text.length));
  const replies = JSON.parse(text) as Line[];
  t.is(replies.length, 200);
  t.truthy(replies[0]?.result);
  t.is(replies.at(-1)?.error?.data?.code, 'TOO_MANY_REQUESTS');
});

test('a session must begin with {, so a batch cannot come first', async (t) => {
  const client = await connect(t);
  client.socket.write(`[${JSON.stringify(HELLO)}]\n`);
  client.socket.removeAllListeners('data');
  const [first] = await Promise.all([
    new Promise<string>((resolve) => client.socket.once('data', (text) => resolve(String(text)))),
    client.closed,
  ]);
  t.is(first[0], 'F');
});

test('a line may arrive byte by byte', async (t) => {
  const client = await connect(t);
  await sendPieces(
    client.socket,
    Array.from(HELLO_LINE, (byte) => Buffer.of(byte)),
  );
  t.truthy((await client.reply(1)).result);
});

test('several lines may arrive in one read, with CR before LF and empty lines between', async (t) => {
  const client = await connect(t);
  const text = [1, 2, 3].map((id) => `${JSON.stringify({ ...HELLO, id })}\r\n\n  \n`).join('');
  client.socket.write(text);
  await client.reply(3);
  t.deepEqual(
    client.lines.map(({ id }) => id),
    [1, 2, 3],
  );
});

test('multi-byte characters may be split anywhere', async (t) => {
  const client = await connect(t);
  const line = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id: 'é☃😀', method: 'hello' })}\n`);
  const middle = line.indexOf(Buffer.from('😀')) + 2;
  await sendPieces(client.socket, [line.subarray(0, middle), line.subarray(middle)]);
  t.truthy((await client.reply('é☃😀')).result);
});

test('half a line followed by silence keeps the session waiting, without affecting other clients', async (t) => {
  const silent = await connect(t);
  const other = await connect(t);
  await sendPieces(silent.socket, [HELLO_LINE.subarray(0, 20)]);
  t.truthy((await other.ask('hello')).result);
  silent.socket.write(HELLO_LINE.subarray(20));
  t.truthy((await silent.reply(1)).result);
});

for (const [what, ending] of [
  ['with', '\n'],
  ['without', ''],
] as const) {
  test(`a request ${what} a line end still gets its reply after the client has shut its side down`, async (t) => {
    const client = await connect(t);
    client.socket.end(`${JSON.stringify(HELLO)}${ending}`);
    t.truthy((await client.reply(1)).result);
    await client.closed;
  });
}

test('requests that take time are answered after the client has shut its side down, in a batch too', async (t) => {
  const own = await startGateway();
  t.teardown(() => own.close());
  const client = await LineClient.open(own.socketPath);
  own.root.answerNext(['00 00 01 00']);
  const slow = { jsonrpc: '2.0', method: 'refresh' };
  const lines = [
    HELLO,
    { ...slow, id: 'single' },
    [
      { ...slow, id: 'batch' },
      { ...HELLO, id: 2 },
    ],
  ];
  client.socket.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await client.closed;
  t.is(client.lines.length, 3);
  t.deepEqual(client.lines.find((line) => line.id === 'single')?.result, { fresh: true });
  const batch = client.lines.find((line) => Array.isArray(line));
  t.deepEqual(
    batch?.map(({ id }) => id),
    ['batch', 2],
  );
});

test('a line of 2 MiB is refused as soon as it is too long, and the session is closed with the reason', async (t) => {
  const client = await connect(t);
  client.say(HELLO);
  client.socket.write(Buffer.alloc(2 * 1_048_576, ' '));
  client.socket.write('\n');
  client.say({ ...HELLO, id: 2 });
  await client.closed;
  t.is(client.lines.length, 3);
  t.is(client.lines[1]?.error?.data?.code, 'LINE_TOO_LONG');
  t.is(client.lines[2]?.method, 'closing');
  t.is(client.lines[2]?.params?.reason, 'LINE_TOO_LONG');
});

test('a line of 1 MiB is accepted', async (t) => {
  const client = await connect(t);
  const text = JSON.stringify(HELLO);
  client.socket.write(`${text}${' '.repeat(1_048_576 - text.length)}\n`);
  t.truthy((await client.reply(1)).result);
});

test('1,000 pipelined requests are each answered once', async (t) => {
  const client = await connect(t);
  const ids = Array.from({ length: 1000 }, (_, index) => index);
  client.say(...ids.map((id) => ({ jsonrpc: '2.0', id, method: id % 2 === 0 ? 'status' : 'hello' })));
  await client.line(999);
  t.deepEqual(
    client.lines.map(({ id }) => Number(id)).sort((a, b) => a - b),
    ids,
  );
  t.true(client.lines.every(({ result }) => result !== undefined));
});

test('300 pipelined requests for more than the outbox holds are each answered once, when the client reads', async (t) => {
  const client = await connect(t);
  client.socket.pause();
  const ids = Array.from({ length: 300 }, (_, index) => index);
  client.say(...ids.map((id) => ({ jsonrpc: '2.0', id, method: 'rpc.discover' })));
  const other = await connect(t);
  await other.ask('hello');
  client.socket.resume();
  await client.line(299);
  t.deepEqual(
    client.lines.map(({ id }) => Number(id)).sort((a, b) => a - b),
    ids,
  );
});

test('a client that shuts its side down while it is backed up still gets all its replies', async (t) => {
  const client = await connect(t);
  client.socket.pause();
  const ids = Array.from({ length: 300 }, (_, index) => index);
  client.socket.end(
    ids.map((id) => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'rpc.discover' })}\n`).join(''),
  );
  const other = await connect(t);
  await other.ask('hello');
  client.socket.resume();
  await client.closed;
  t.is(client.lines.length, 300);
});

test('a client that has shut down its side still gets replies that did not fit into the socket buffer', async (t) => {
  const client = await connect(t);
  client.socket.pause();
  // Together less than the outbox holds, so all are carried out while the client reads nothing.
  const ids = Array.from({ length: 10 }, (_, index) => index);
  client.socket.end(
    ids.map((id) => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'rpc.discover' })}\n`).join(''),
  );
  const other = await connect(t);
  await other.ask('hello');
  client.socket.resume();
  await client.closed;
  t.deepEqual(
    client.lines.map(({ id }) => id),
    ids,
  );
});

test('a reply that takes time does not delay later ones', async (t) => {
  const client = await connect(t);
  client.say({ jsonrpc: '2.0', id: 'slow', method: 'ping', params: { node: 9, timeoutMs: 100 } });
  client.say({ jsonrpc: '2.0', id: 'quick', method: 'hello' });
  await client.reply('slow');
  t.deepEqual(
    client.lines.map(({ id }) => id),
    ['quick', 'slow'],
  );
});

test('beyond 4,096 unanswered requests, each is refused', async (t) => {
  const fixture = await SessionFixture.open({ settings: {} });
  const ids = Array.from({ length: 4097 }, () => fixture.post('ping', { node: 5, timeoutMs: 100 }));
  await settled();
  t.is(fixture.received.length, 1);
  t.is(fixture.replyTo(ids.at(-1) ?? 0)?.error?.data.code, 'TOO_MANY_REQUESTS');
  await fixture.mesh.pass(100);
  t.is(fixture.received.length, 4097);
});

test('a bug is reported as INTERNAL, with details only in the log, and the session continues', async (t) => {
  const fixture = await SessionFixture.open();
  fixture.mesh.hub.picture.paths = () => {
    throw new Error('secret detail');
  };
  const { error } = await fixture.ask('paths');
  t.is(error?.data.code, 'INTERNAL');
  t.notRegex(error?.message ?? '', /secret/);
  t.regex(fixture.logged.join('\n'), /secret detail/);
  t.truthy((await fixture.ask('hello')).result);
});

test('a read-only session is refused everything that changes something', async (t) => {
  const fixture = await SessionFixture.open({ role: 'read' });
  t.like(await fixture.result('hello'), { role: 'read' });
  t.is(await fixture.refusal('log', { text: 'hello' }), 'FORBIDDEN');
  t.is(await fixture.refusal('resetRoot'), 'FORBIDDEN');
  t.is(await fixture.refusal('log', { nonsense: 1 }), 'FORBIDDEN');
});

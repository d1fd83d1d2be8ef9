import { request } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { type FixtureOptions, type GatewayFixture, startGateway } from '../support/gateway-fixture.js';
import { type RpcMessage, WebSocketClient } from '../support/web-socket-client.js';

const TOKEN = 'a-token-for-everything';
const READ_TOKEN = 'a-token-for-reading';

async function start(t: ExecutionContext, http: object = {}, web: FixtureOptions['web'] = true) {
  const fixture = await startGateway({ web, settings: { http } });
  t.teardown(() => fixture.close());
  return fixture;
}

async function open(
  t: ExecutionContext,
  { webHost }: GatewayFixture,
  headers: Record<string, string> = {},
  path = '/rpc',
) {
  const client = await WebSocketClient.open(`ws://${webHost}${path}`, { headers });
  t.teardown(() => client.socket.terminate());
  return client;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function codeOf({ error }: RpcMessage): string | undefined {
  return error?.data.code;
}

/** The status of a GET with these headers. */
function statusOf({ webHost }: GatewayFixture, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`http://${webHost}/`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('a program, which sends no origin, and the gateway’s own page may connect', async (t) => {
  const fixture = await start(t);
  const none = await open(t, fixture);
  const own = await open(t, fixture, { origin: `http://${fixture.webHost}` });
  for (const client of [none, own]) t.truthy((await client.call('hello')).result);
});

test("another origin's page is refused, unless the settings name the origin", async (t) => {
  const fixture = await start(t, { origins: ['http://localhost:3000'] });
  const foreign = [
    'http://evil.example',
    'null',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
  ];
  const ofThisMachine = ['http://localhost:3001', 'https://localhost:3000'];
  const table = { '/': foreign, '/rpc': [...foreign, ...ofThisMachine] };
  for (const [path, origins] of Object.entries(table)) {
    for (const origin of origins) {
      await t.throwsAsync(
        open(t, fixture, { origin }, path),
        { message: 'refused 403' },
        `${origin} ${path}`,
      );
    }
  }
  const allowed = await open(t, fixture, { origin: 'http://localhost:3000' });
  t.truthy((await allowed.call('hello')).result);
});

test('a foreign name that resolves to this machine is refused: page and websocket', async (t) => {
  const fixture = await start(t);
  const host = 'rebound.example:7654';
  t.is(await statusOf(fixture, { host }), 403);
  const origin = `http://${host}`;
  await t.throwsAsync(open(t, fixture, { host, origin }), { message: 'refused 403' });
  for (const name of ['localhost', 'LOCALHOST:80', '127.0.0.1:7654', '[::1]:7654']) {
    t.is(await statusOf(fixture, { host: name }), 200, name);
  }
});

test('pages of this machine may open the classic monitor, which has no commands, but not a session', async (t) => {
  const fixture = await start(t);
  const names = ['localhost', 'localhost:3000', '127.0.0.1:8080', '127.1.2.3', '[::1]:5173'];
  for (const origin of names.flatMap((name) => [`http://${name}`, `https://${name}`])) {
    const client = await open(t, fixture, { origin }, '/');
    t.regex(await client.next(), /^\{"type":/, origin);
    await t.throwsAsync(open(t, fixture, { origin }), { message: 'refused 403' }, origin);
  }
});

test('null, the origin of a page from a file, can be allowed; that does not admit foreign names', async (t) => {
  const fixture = await start(t, { origins: ['null'] });
  for (const path of ['/', '/rpc']) t.truthy(await open(t, fixture, { origin: 'null' }, path));
  for (const host of ['rebound.example:7654', '::', 'null', 'http:']) {
    t.is(await statusOf(fixture, { host }), 403, host);
    await t.throwsAsync(open(t, fixture, { host, origin: 'null' }, '/'), { message: 'refused 403' }, host);
  }
});

test('a refusal is logged once per origin, with the setting that allows it, and for at most 100 origins', async (t) => {
  const fixture = await start(t);
  const refuse = (origin: string) =>
    t.throwsAsync(open(t, fixture, { origin }), { message: 'refused 403' }, origin);
  for (const origin of ['http://a.example', 'http://a.example', 'null', 'null']) await refuse(origin);
  const lines = () => fixture.logged.filter((line) => line.includes('refused'));
  t.is(lines().length, 2);
  t.true(
    lines()[0]?.endsWith(
      'refused a page from the origin http://a.example at /rpc; to allow it: http.origins = ["http://a.example"], or MESHGATE_HTTP_ORIGINS=http://a.example',
    ),
    lines()[0],
  );
  for (let count = 0; count < 120; count++) await refuse(`http://${count}.example`);
  t.is(lines().length, 101);
  t.regex(lines().at(-1) ?? '', /further refused origins and host names are not logged$/);
});

test('there is a websocket at / and /rpc, nowhere else', async (t) => {
  const fixture = await start(t);
  await t.throwsAsync(open(t, fixture, {}, '/other'), { message: 'refused 404' });
});

test('a token in the header opens a session; a wrong one is refused at once', async (t) => {
  const fixture = await start(t, { token: TOKEN });
  const client = await open(t, fixture, bearer(TOKEN));
  t.like((await client.call('hello')).result, { role: 'admin' });
  for (const wrong of [`${TOKEN}x`, TOKEN.slice(1), 'x']) {
    await t.throwsAsync(open(t, fixture, bearer(wrong)), { message: 'refused 401' });
  }
});

test('a token in the first message opens a session', async (t) => {
  const fixture = await start(t, { token: TOKEN });
  const client = await open(t, fixture);
  t.deepEqual((await client.call('authenticate', { token: TOKEN })).result, { role: 'admin' });
  t.like((await client.call('hello')).result, { role: 'admin' });
});

test('any other first message is answered UNAUTHORIZED, and the connection closed', async (t) => {
  const fixture = await start(t, { token: TOKEN });
  for (const path of ['/', '/rpc']) {
    for (const params of [{ token: 'wrong' }, {}, { token: 5 }]) {
      const client = await open(t, fixture, {}, path);
      t.is(codeOf(await client.call('authenticate', params)), 'UNAUTHORIZED');
      t.is(await client.closed, 1008);
    }
    for (const nonsense of ['', '[]', 'null', '{', '"text"', '{"params":null}', '5']) {
      const client = await open(t, fixture, {}, path);
      client.socket.send(nonsense);
      t.is(codeOf(JSON.parse(await client.next())), 'UNAUTHORIZED', nonsense);
      t.is(await client.closed, 1008);
    }
  }
});

test('a classic dashboard gets nothing before its token', async (t) => {
  const fixture = await start(t, { token: TOKEN });
  const client = await open(t, fixture, {}, '/');
  fixture.root.say('00 05 45 01');
  client.socket.send(JSON.stringify({ token: TOKEN }));
  t.regex(await client.next(), /^\{"type":/);
});

test('a read token reads and subscribes; writing is FORBIDDEN', async (t) => {
  const fixture = await start(t, { token: TOKEN, read_token: READ_TOKEN });
  const client = await open(t, fixture, bearer(READ_TOKEN));
  t.like((await client.call('hello')).result, { role: 'read' });
  t.truthy((await client.call('subscribe', {})).result);
  const { result } = await client.call('rpc.discover');
  const { methods } = result as { methods: { name: string; 'x-writes': boolean }[] };
  const writing = methods.filter((method) => method['x-writes']).map(({ name }) => name);
  t.true(
    ['send', 'broadcast', 'ping', 'resetRoot', 'clean'].every((name) => writing.includes(name)),
    `${writing}`,
  );
  for (const name of writing) t.is(codeOf(await client.call(name)), 'FORBIDDEN', name);
  t.deepEqual(fixture.root.bodies, []);
});

test('read_only makes every client a reader, whatever token it has', async (t) => {
  const open1 = await open(t, await start(t, { read_only: true }));
  t.like((await open1.call('hello')).result, { role: 'read' });
  const open2 = await open(t, await start(t, { read_only: true, token: TOKEN }), bearer(TOKEN));
  t.is(codeOf(await open2.call('send', { node: 5, text: 'x' })), 'FORBIDDEN');
});

test('an address reachable by other machines is refused without a token, and requires one', async (t) => {
  const error = await t.throwsAsync(startGateway({ web: { host: '0.0.0.0' } }), { code: 'BAD_CONFIG' });
  t.regex(error?.message ?? '', /token/);
  const fixture = await start(t, { token: TOKEN }, { host: '0.0.0.0' });
  const client = await open(t, fixture);
  t.is(codeOf(await client.call('hello')), 'UNAUTHORIZED');
  const allowed = await open(t, fixture, bearer(TOKEN));
  t.truthy((await allowed.call('hello')).result);
});

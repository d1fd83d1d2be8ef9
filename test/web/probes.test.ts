import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { ByteBudget } from '../../src/api/byte-budget.js';
import { systemClock } from '../../src/base/clock.js';
import { createLog } from '../../src/base/log.js';
import { type ProbeOptions, Probes } from '../../src/socket/web/probes.js';
import { type FixtureOptions, startGateway } from '../support/gateway-fixture.js';
import { askHttp } from '../support/http-ask.js';
import { until } from '../support/waiters.js';

const TOKEN = 'a-token-for-everything';
const READ_TOKEN = 'a-token-for-reading';

async function start(t: ExecutionContext, options: FixtureOptions = {}) {
  const fixture = await startGateway({ web: true, ...options });
  t.teardown(() => fixture.close());
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const { status, headers: given, body } = await askHttp(`http://${fixture.webHost}${path}`, { headers });
    return { status, headers: given, text: body.toString() };
  };
  return { ...fixture, ask };
}

test('/healthz reports that the process serves, whatever the state of the link', async (t) => {
  for (const link of ['up', 'silent', 'absent'] as const) {
    const { ask } = await start(t, { link });
    t.like(await ask('/healthz'), { status: 200, text: 'ok\n' });
  }
});

test('/readyz is 200 only when the root was heard recently, else 503 with the reason', async (t) => {
  const table = [
    ['up', 200, 'ready\n'],
    [
      'silent',
      503,
      'not ready: rootNotHeard: the link is open, but nothing has been received from the root yet\n',
    ],
    ['absent', 503, 'not ready: noDevice: no serial device found\n'],
  ] as const;
  for (const [link, status, text] of table) {
    const { ask } = await start(t, { link });
    t.like(await ask('/readyz'), { status, text });
  }
});

test('/readyz changes with the link', async (t) => {
  const { ask, root } = await start(t);
  t.is((await ask('/readyz')).status, 200);
  root.hangUp();
  t.regex((await ask('/readyz')).text, /^not ready: hungUp: the serial device was disconnected\n$/);
});

test('probes are not cached, and HEAD returns no body', async (t) => {
  const { ask, webHost } = await start(t);
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    t.is((await ask(path)).headers['cache-control'], 'no-store');
    const head = await askHttp(`http://${webHost}${path}`, { method: 'HEAD' });
    t.deepEqual([head.status, head.body.length], [200, 0], path);
    t.is((await askHttp(`http://${webHost}${path}`, { method: 'POST' })).status, 405);
  }
});

test('a foreign host name is refused for probes as for everything else', async (t) => {
  const { ask } = await start(t);
  for (const path of ['/healthz', '/readyz', '/metrics'])
    t.is((await ask(path, { host: 'rebound.example' })).status, 403);
});

test('where a token is required, /metrics needs a read token; /healthz and /readyz need none', async (t) => {
  const http = { token: TOKEN, read_token: READ_TOKEN };
  const { ask } = await start(t, { web: { host: '0.0.0.0' }, settings: { http } });
  t.is((await ask('/healthz')).status, 200);
  t.is((await ask('/readyz')).status, 200);
  t.like(await ask('/metrics'), { status: 401, headers: { 'www-authenticate': 'Bearer' } });
  t.is((await ask('/metrics', { authorization: 'Bearer wrong' })).status, 401);
  for (const token of [TOKEN, READ_TOKEN])
    t.is((await ask('/metrics', { authorization: `Bearer ${token}` })).status, 200);
});

test('no token appears in the output of probes', async (t) => {
  const { ask } = await start(t, { settings: { http: { token: TOKEN, read_token: READ_TOKEN } } });
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const { text } = await ask(path, { authorization: `Bearer ${TOKEN}` });
    t.false(text.includes(TOKEN) || text.includes(READ_TOKEN), path);
  }
});

const MIB = 1024 * 1024;
const ANSWER = 8 * MIB;

test('answers to clients that do not read them have a limit over all clients; one that reads gets its answer', async (t) => {
  const { hub } = await start(t);
  const settings = { origins: [], readOnly: false, isPublic: false };
  const bytes = Buffer.alloc(ANSWER, '#');
  const probes = new Probes({
    hub,
    settings,
    log: createLog('web', () => {}),
    metrics: {
      read: async () => ({ bytes, contentType: 'text/plain' }),
    } as unknown as ProbeOptions['metrics'],
    shared: { unread: new ByteBudget(systemClock, { limit: 4 * ANSWER, graceMs: 0 }) },
  });
  const server = createServer((request, response) => probes.serve('/metrics', request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  t.teardown(() => server.closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  for (let client = 0; client < 10; client++) {
    const asked = get(url);
    asked.on('error', () => {});
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.on('error', () => {}).pause();
  }
  const { status, body } = await askHttp(url);
  t.deepEqual([status, body.length], [200, ANSWER]);
  const countConnections = promisify(server.getConnections.bind(server));
  await until(async () => (await countConnections()) <= 4, 'at most four clients are left');
});

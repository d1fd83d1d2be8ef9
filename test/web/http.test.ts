import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { startGateway, temporaryFolder } from '../support/gateway-fixture.js';
import { askHttp } from '../support/http-ask.js';
import { LineClient } from '../support/line-client.js';
import { until } from '../support/waiters.js';
import { WebSocketClient } from '../support/web-socket-client.js';

async function start(t: ExecutionContext, settings: object = {}): Promise<string> {
  const { webHost, close } = await startGateway({ web: true, settings: { ...settings } });
  t.teardown(close);
  return webHost;
}

const gzip = { 'accept-encoding': 'gzip, br' };

test('GET / returns the page, compressed for clients that accept it', async (t) => {
  const host = await start(t);
  const plain = await askHttp(`http://${host}/`);
  const packed = await askHttp(`http://${host}/`, { headers: gzip });
  t.is(plain.status, 200);
  t.is(plain.headers['content-type'], 'text/html; charset=utf-8');
  t.is(plain.headers['content-encoding'], undefined);
  t.is(packed.headers['content-encoding'], 'gzip');
  t.deepEqual(gunzipSync(packed.body), plain.body);
  t.regex(plain.body.toString(), /<title>meshgate<\/title>/);
});

test('the files of the page exist, are cacheable forever, and named by their content', async (t) => {
  const host = await start(t);
  const { body, headers } = await askHttp(`http://${host}/`);
  t.is(headers['cache-control'], 'no-cache');
  const names = [...body.toString().matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name]) => name);
  t.is(names.length, 2);
  for (const name of names) {
    const file = await askHttp(`http://${host}${name}`, { headers: gzip });
    t.is(file.status, 200, name);
    t.is(file.headers['cache-control'], 'public, max-age=31536000, immutable');
    t.regex(String(file.headers['content-type']), /^text\/(javascript|css); charset=utf-8$/);
  }
});

test('HEAD gives the same headers without a body; a query changes nothing', async (t) => {
  const host = await start(t);
  const head = await askHttp(`http://${host}/?x=1`, { method: 'HEAD' });
  const get = await askHttp(`http://${host}/`);
  t.is(head.status, 200);
  t.is(head.body.length, 0);
  t.is(head.headers['content-length'], get.headers['content-length']);
});

test('other paths are not found, other methods not allowed', async (t) => {
  const host = await start(t);
  const paths = [
    '/nothing',
    '/index.html.gz',
    '/assets/',
    '/../package.json',
    '/%2e%2e/package.json',
    '//',
    '/map/image',
  ];
  for (const path of paths) t.is((await askHttp(`http://${host}${path}`)).status, 404, path);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    t.is((await askHttp(`http://${host}/`, { method })).status, 405, method);
  }
});

test('every answer forbids foreign scripts, frames and content type sniffing', async (t) => {
  const host = await start(t);
  for (const path of ['/', '/nothing']) {
    const { headers } = await askHttp(`http://${host}${path}`);
    t.regex(String(headers['content-security-policy']), /default-src 'self';.*frame-ancestors 'none'/);
    t.is(headers['x-content-type-options'], 'nosniff');
    t.is(headers['referrer-policy'], 'no-referrer');
    t.is(headers['access-control-allow-origin'], undefined);
  }
});

const PNG = Buffer.from('89504e470d0a1a0a0000000d', 'hex');
const TIFF = Buffer.from('49492a0008000000', 'hex');
const NOTHING = { image: null, corners: null, tiles: null, attribution: null };

/** An image on disk, as `map.image` names it. */
function picture(t: ExecutionContext, name: string, bytes: Buffer): string {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const path = join(folder.path, name);
  writeFileSync(path, bytes);
  return path;
}

async function askMap(t: ExecutionContext, host: string, headers: Record<string, string> = {}) {
  const client = await WebSocketClient.open(`ws://${host}/rpc`, { headers });
  t.teardown(() => client.socket.terminate());
  const { result } = await client.call('map');
  return result as { image: string | null };
}

test('the method map returns the settings, and nothing by default', async (t) => {
  t.deepEqual(await askMap(t, await start(t)), NOTHING);
  const tiles = 'https://tiles.example/{z}/{x}/{y}.png';
  const map = { tiles, attribution: 'someone', corners: [45, -124, 44, -123] };
  t.deepEqual(await askMap(t, await start(t, { map })), { ...map, image: null });
});

test('the image of the map is served with its type', async (t) => {
  const corners = [45, -124, 44, -123];
  const table = [
    [{ image: picture(t, 'a.png', PNG), corners }, PNG, 'image/png'],
    [{ image: picture(t, 'a.tif', TIFF) }, TIFF, 'image/tiff'],
  ] as const;
  for (const [map, bytes, type] of table) {
    const host = await start(t, { map });
    const { image } = await askMap(t, host);
    const answer = await askHttp(`http://${host}${image}`);
    t.deepEqual([answer.status, answer.headers['content-type'], answer.body], [200, type, bytes]);
    t.is((await askHttp(`http://${host}/map/image`, { method: 'HEAD' })).body.length, 0);
  }
});

test('where a token is required, the image is served to clients that know its key', async (t) => {
  const token = 'a-token-for-everything';
  const host = await start(t, { map: { image: picture(t, 'a.tif', TIFF) }, http: { token } });
  t.is((await askHttp(`http://${host}/map/image`)).status, 404);
  t.is((await askHttp(`http://${host}/map/image?key=00`)).status, 404);
  const { image } = await askMap(t, host, { authorization: `Bearer ${token}` });
  t.is((await askHttp(`http://${host}${image}`)).status, 200);
});

test('an image that cannot be shown is BAD_CONFIG when the gateway starts', async (t) => {
  const table = [
    [{ image: '/nowhere/field.png' }, /map\.image = "\/nowhere\/field\.png": ENOENT/],
    [{ image: picture(t, 'a.png', PNG) }, /a PNG has no position; set map\.corners/],
    [{ image: picture(t, 'a.png', Buffer.from('text')) }, /not a PNG or TIFF image/],
    [{ image: picture(t, 'a.png', Buffer.alloc(0)) }, /not a PNG or TIFF image/],
    [{ corners: [44, -124, 45, -123] }, /map\.corners = .*north, west, south, east/],
    [{ corners: [44, -124, 45] }, /map\.corners = .*north, west, south, east/],
    [{ tiles: 'https://tiles.example/' }, /map\.tiles = .*\{z\}/],
    [{ tiles: 'javascript:{z}{x}{y}' }, /map\.tiles = .*\{z\}/],
  ] as const;
  for (const [map, message] of table) {
    const error = await t.throwsAsync(startGateway({ web: true, settings: { map } }), { code: 'BAD_CONFIG' });
    t.regex(error?.message ?? '', message);
  }
});

test('a client that is refused and does not hang up blocks nothing: the gateway stops at once', async (t) => {
  const { webHost, close } = await startGateway({ web: true });
  const { hostname, port } = new URL(`http://${webHost}`);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.write(
    `GET /rpc HTTP/1.1\r\nhost: ${webHost}\r\norigin: http://evil.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
  );
  const [answer] = await once(socket, 'data');
  t.regex(String(answer), /^HTTP\/1\.1 403 /);
  await close();
  socket.destroy();
  t.pass();
});

const corners = [45, -124, 44, -123];

/** What may have happened to the image's folder or file since the start. */
const MISHAPS: Readonly<Record<string, (folder: string, file: string) => void>> = {
  'the folder has become a file': (folder) => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
  },
  'the folder is a link to itself': (folder) => {
    rmSync(folder, { recursive: true });
    symlinkSync(folder, folder);
  },
  'the file is gone': (_folder, file) => rmSync(file),
  'the file has become a folder': (_folder, file) => {
    rmSync(file);
    mkdirSync(file);
  },
  'the file has become a pipe without a writer': (_folder, file) => {
    rmSync(file);
    execFileSync('mkfifo', [file]);
  },
};

for (const [what, happen] of Object.entries(MISHAPS)) {
  test(`the image of the map cannot be read any more: ${what}`, async (t) => {
    const image = picture(t, 'a.png', PNG);
    const { webHost, close } = await startGateway({ web: true, settings: { map: { image, corners } } });
    t.teardown(close);
    happen(dirname(image), image);
    for (const method of ['GET', 'HEAD', 'GET']) {
      t.is((await askHttp(`http://${webHost}/map/image`, { method })).status, 404, method);
    }
    t.is((await askHttp(`http://${webHost}/healthz`)).status, 200);
  });
}

test('a client that leaves during the image, or does not read it, delays no other client', async (t) => {
  const image = picture(t, 'a.png', Buffer.concat([PNG, Buffer.alloc(30_000_000)]));
  const { webHost, close } = await startGateway({ web: true, settings: { map: { image, corners } } });
  const { hostname, port } = new URL(`http://${webHost}`);
  const sockets = Array.from({ length: 20 }, () => connect({ host: hostname, port: Number(port) }));
  for (const socket of sockets) socket.write(`GET /map/image HTTP/1.1\r\nhost: ${webHost}\r\n\r\n`);
  await Promise.all(sockets.map((socket) => once(socket, 'readable')));
  for (const socket of sockets.slice(10)) socket.destroy();
  t.is((await askHttp(`http://${webHost}/map/image`)).body.length, 30_000_012);
  await close();
  for (const socket of sockets) socket.destroy();
});

test('a few hundred clients that connect at the same moment are all served', async (t) => {
  const { webHost, close } = await startGateway({ web: true });
  t.teardown(close);
  const clients = await Promise.all(
    Array.from({ length: 300 }, () => WebSocketClient.open(`ws://${webHost}/rpc`)),
  );
  const answers = await Promise.all(clients.map((client) => client.call('health')));
  t.true(answers.every(({ result }) => result !== undefined));
  await Promise.all(clients.map((client) => client.close()));
});

test('connections that send nothing, or half a request, do not keep a page from loading', async (t) => {
  const { webHost, close } = await startGateway({ web: true, settings: { clients: { max: 1 } } });
  const { hostname, port } = new URL(`http://${webHost}`);
  const sockets: Socket[] = [];
  for (let count = 0; count < 700; count++) {
    const socket = connect({ host: hostname, port: Number(port) }).on('error', () => {});
    await once(socket, 'connect');
    if (count % 2) socket.write('GET / HTTP/1.1\r\nhost:');
    sockets.push(socket);
  }
  t.is((await askHttp(`http://${webHost}/`)).status, 200);
  const client = await WebSocketClient.open(`ws://${webHost}/rpc`);
  const { result } = await client.call('counters');
  t.true((result as { clients: { web: { refused: number } } }).clients.web.refused >= 700 - 512);
  for (const socket of sockets) socket.destroy();
  await client.close();
  await close();
});

const TOKEN = 'a-token-for-everything';
const OWNER = { headers: { authorization: `Bearer ${TOKEN}` } };

test('websockets without a token make room, the oldest first, and authenticated ones are not affected', async (t) => {
  const settings = { clients: { max: 2 }, http: { token: TOKEN } };
  const { webHost, close, logged } = await startGateway({ web: true, settings });
  const silent: WebSocketClient[] = [];
  for (let count = 0; count < 70; count++) silent.push(await WebSocketClient.open(`ws://${webHost}/rpc`));
  await Promise.all(silent.slice(0, 6).map(({ closed }) => closed));
  t.true(silent.slice(6).every(({ socket }) => socket.readyState === socket.OPEN));
  const owner = await WebSocketClient.open(`ws://${webHost}/rpc`, OWNER);
  t.like((await owner.call('hello')).result, { role: 'admin' });
  const second = await WebSocketClient.open(`ws://${webHost}/rpc`);
  t.deepEqual((await second.call('authenticate', { token: TOKEN })).result, { role: 'admin' });
  const third = await WebSocketClient.open(`ws://${webHost}/rpc`);
  t.is((await third.call('authenticate', { token: TOKEN })).error?.data.code, 'TOO_MANY_CLIENTS');
  t.is(await third.closed, 1013);
  const refused = { message: 'refused 503' };
  await t.throwsAsync(WebSocketClient.open(`ws://${webHost}/rpc`, OWNER), refused);
  t.true(logged.some((line) => line.includes('had not authenticated')));
  for (const { socket } of [...silent, owner, second]) socket.terminate();
  await close();
});

/** What the connection receives until it is closed. */
async function receiveAll(socket: Socket): Promise<string> {
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  socket.on('error', () => {});
  await once(socket, 'close');
  return received;
}

test('a client that sends requests without waiting for answers is disconnected, and counted; others are not', async (t) => {
  const fixture = await startGateway({ web: true });
  t.teardown(fixture.close);
  const host = fixture.webHost;
  const port = Number(new URL(`http://${host}`).port);
  const request = `GET /metrics HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
  const hasty = connect(port, '127.0.0.1');
  hasty.write(request.repeat(1000));
  t.is(await receiveAll(hasty), '');
  const client = await LineClient.open(fixture.socketPath);
  const { result } = await client.ask('counters');
  t.is((result as { clients: { web: { refused: number } } }).clients.web.refused, 1);
  client.close();
  const patient = connect(port, '127.0.0.1');
  const received = receiveAll(patient);
  for (let count = 0; count < 3; count++) {
    patient.write(request);
    await once(patient, 'data');
    await until(() => patient.readableLength === 0, 'everything is read');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  patient.end();
  t.is((await received).match(/^HTTP\/1.1 200 OK/gm)?.length, 3);
});

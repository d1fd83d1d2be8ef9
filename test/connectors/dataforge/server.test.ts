import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createLog } from '../../../src/base/log.js';
import { encodeEnvelope } from '../../../src/codecs/dataforge/envelope.js';
import type { Connector } from '../../../src/connectors/connector.js';
import { dataforge } from '../../../src/connectors/dataforge/index.js';
import { check, DataforgeClient, isAnswer, isError, set } from '../../support/dataforge-client.js';
import { freePort } from '../../support/free-port.js';
import { bytesOf } from '../../support/hex.js';
import { askHttp } from '../../support/http-ask.js';
import { HvFixture, sectionOf } from '../../support/hv-fixture.js';
import { FACTS } from '../../support/session-fixture.js';
import { WebSocketClient } from '../../support/web-socket-client.js';

interface Server {
  readonly hv: HvFixture;
  readonly connector: Connector;
  readonly webPort: number;
  /** Connected, and served. */
  connect(): Promise<DataforgeClient>;
  /** Moves time until a condition of the real sockets is fulfilled. */
  passUntil(isSo: () => boolean): Promise<void>;
  input(): Record<string, number>;
  connected(): number;
}

async function serve(t: ExecutionContext, settings: object = {}): Promise<Server> {
  const [port, webPort] = [await freePort(), await freePort()];
  const all = {
    mode: 'strict',
    noise: 0,
    listen: `127.0.0.1:${port}`,
    web: `127.0.0.1:${webPort}`,
    ...settings,
  };
  const hv = await HvFixture.start({ device: 'virtual', ...all });
  const { hub, clock, lines } = hv.mesh;
  const log = createLog('dataforge', (line) => lines.push(line), clock);
  const options = { hub, gateway: FACTS, clock, log, stateDirectory: undefined };
  const connector = await dataforge.create(sectionOf(all), options);
  if (!connector) throw new Error('it is not enabled');
  const clients: DataforgeClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.socket.destroy();
    const stopped = connector.stop();
    const turns = setInterval(() => clock.advance(100), 1);
    await stopped;
    clearInterval(turns);
    await hv.device.stop();
  });
  connector.start();
  const counters = () =>
    connector.counters() as never as {
      listening: boolean;
      connected: { tcp: number };
      input: Record<string, number>;
    };
  const passUntil = async (isSo: () => boolean) => {
    for (let turn = 0; !isSo(); turn++) {
      if (turn > 3000) throw new Error('it did not come');
      clock.advance(1);
      await pause(1);
    }
  };
  await passUntil(() => counters().listening);
  return {
    hv,
    connector,
    webPort,
    passUntil,
    input: () => counters().input,
    connected: () => counters().connected.tcp,
    async connect() {
      const client = await DataforgeClient.open(port);
      clients.push(client);
      await passUntil(
        () => counters().connected.tcp === clients.filter(({ socket }) => !socket.destroyed).length,
      );
      return client;
    },
  };
}

test('what the server says goes to every connection, whatever its writer', async (t) => {
  const { hv, connect } = await serve(t);
  const [one, two] = [await connect(), await connect()];
  one.say(set(1000, { id: 'mine' }), 'server');
  await hv.mesh.hub.feed.lastSeq();
  await pause(50);
  two.say(set(5), 'online');
  const [busy] = await Promise.all([one.find(isError(8)), two.find(isError(8))]);
  t.deepEqual(busy, {
    type: 'reply',
    reply_type: 'error',
    error_code: 8,
    error_text_code: 'SERVER_BUSY_ERROR',
    description: 'HV server is busy',
  });
  await hv.pass(2000);
  const answer = { type: 'answer', answer_type: 'set_voltage', block: '1', status: 'ok', id: 'mine' };
  for (const client of [one, two]) t.deepEqual(await client.find(isAnswer('set_voltage')), answer);
  await hv.pass(6000);
  for (const client of [one, two]) {
    await client.find(({ voltage }) => voltage === 1000);
    t.deepEqual(client.metas.filter(isAnswer('get_voltage')), [
      { type: 'answer', answer_type: 'get_voltage', block: 1, voltage: 800 },
      { type: 'answer', answer_type: 'get_voltage', block: 1, voltage: 1000 },
    ]);
  }
  t.is(one.envelopes[0]?.form, 'tagged');
});

test('a check is answered with the voltage and its signed error', async (t) => {
  const { hv, connect } = await serve(t);
  const client = await connect();
  client.say(check(1000, 250, 20));
  await pause(50);
  await hv.pass(4200);
  t.deepEqual(await client.find(isAnswer('set_voltage_and_check')), {
    type: 'answer',
    answer_type: 'set_voltage_and_check',
    block: '1',
    status: 'ok',
    voltage: 800,
    error: -200,
  });
});

const REFUSED: Readonly<Record<string, readonly [unknown, string]>> = {
  'true is no number': [set(true).meta, 'voltage must be a number'],
  'block 2': [set(1, { block: 2 }).meta, 'block must be 1 or "1"'],
  'a missing voltage': [set(undefined, { block: 2 }).meta, 'voltage is missing'],
  'a check without a limit': [set(1, { command_type: 'set_voltage_and_check' }).meta, 'max_error is missing'],
  'no command type': [{ type: 'command' }, 'command_type is missing'],
  'an unknown command': [
    set(1, { command_type: 'get_voltage' }).meta,
    'command_type must be "set_voltage" or "set_voltage_and_check"',
  ],
  'another type': [set(1, { type: 'answer' }).meta, 'type must be "command"'],
  'a list': [[1], 'the message must be an object'],
  null: [null, 'the message must be an object'],
  'a voltage beyond max_voltage': [set(1501).meta, 'voltage must be a number from -1500 to 1500 V'],
};

test('what does not fit the schema is refused with 9, also while a command runs', async (t) => {
  const { connect, connector } = await serve(t, { max_voltage: 1500 });
  const client = await connect();
  client.say(set(10, { further: 'keys are allowed' }));
  for (const [meta] of Object.values(REFUSED)) client.say({ meta });
  client.say(set(20));
  await client.find(isError(8));
  t.deepEqual(
    client.metas.filter(isError(9)).map(({ description }) => description),
    Object.values(REFUSED).map(([, description]) => description),
  );
  t.like(connector.counters(), { refused: { params: Object.keys(REFUSED).length, busy: 1 } });
});

test('a command that somebody else gave the supply is answered to all, and keeps it busy', async (t) => {
  const { hv, connect } = await serve(t);
  const client = await connect();
  await hv.command('set_voltage', { voltage: 3 }, 'page');
  client.say(set(20));
  await client.find(isError(8));
  await hv.pass(2000);
  t.is((await client.find(isAnswer('set_voltage'))).status, 'ok');
});

test('a client whose first message was DF03 gets DF03', async (t) => {
  const { connect } = await serve(t);
  const [one, two] = [await connect(), await connect()];
  one.socket.write(encodeEnvelope({ meta: {} }, { form: 'df03', at: 0 }));
  await one.find(isError(9));
  await two.find(isError(9));
  t.deepEqual([one.envelopes[0]?.form, two.envelopes[0]?.form], ['df03', 'tagged']);
});

test('nonsense costs its sender an error, and nobody else anything', async (t) => {
  const { connect, input, passUntil } = await serve(t);
  const [bad, good] = [await connect(), await connect()];
  bad.socket.write('no envelope at all #!#~DF02');
  bad.socket.write(
    bytesOf(
      '23 21 00 01 40 00 00 00 00 00 00 01 00 00 00 00 00 02 00 00 00 00 00 00 00 00 21 23 0D 0A 7B 7B',
    ),
  );
  t.is((await bad.find(isError(4))).description, 'the meta is not valid JSON');
  bad.say(set('5'));
  await bad.find(isError(9));
  bad.socket.write(
    bytesOf('23 21 00 01 40 00 00 00 00 00 00 01 00 00 7F FF FF FF 00 00 00 00 00 00 00 00 21 23 0D 0A'),
  );
  await passUntil(() => bad.socket.destroyed);
  t.is(bad.metas.at(-1)?.description, 'the meta is too long');
  good.say(set(5));
  await good.find(isError(9));
  t.deepEqual(good.metas.filter(isError(4)), []);
  t.like(input(), { notJson: 1, metaTooLong: 1, skippedBytes: 27 });
});

test('half an envelope and then silence ends the connection after 30 s', async (t) => {
  const { hv, connect, input, passUntil } = await serve(t);
  const [half, whole] = [await connect(), await connect()];
  half.socket.write(encodeEnvelope(set(1), { form: 'tagged', at: 0 }).subarray(0, -5));
  await pause(50);
  await hv.pass(30_500);
  t.is((await half.find(isError(4))).description, 'the envelope was not completed in 30 s');
  await passUntil(() => half.socket.destroyed);
  t.is(input().unfinished, 1);
  t.false(whole.socket.destroyed);
});

test('a stream that never pauses between its envelopes is not unfinished', async (t) => {
  const { hv, connect, input } = await serve(t);
  const client = await connect();
  const bytes = encodeEnvelope({ meta: {} }, { form: 'tagged', at: 0 });
  for (let second = 0; second < 40; second++) {
    client.socket.write(
      Buffer.concat([second === 0 ? Buffer.alloc(0) : bytes.subarray(10), bytes.subarray(0, 10)]),
    );
    await pause(5);
    await hv.pass(1000);
  }
  t.is(input().unfinished, 0);
  t.false(client.socket.destroyed);
});

test('too many messages of one client are refused to that client', async (t) => {
  const { connect, input } = await serve(t);
  const [fast, other] = [await connect(), await connect()];
  for (let count = 0; count < 300; count++) fast.say({ meta: {} });
  await fast.find(({ description }) => description === 'HV server is busy: too many messages');
  other.say(set(5));
  await other.find(isError(9));
  t.true((input().tooFast ?? 0) > 0);
  t.deepEqual(
    other.metas.filter(({ description }) => String(description).includes('too many')),
    [],
  );
});

test('beyond max_clients, a client is refused', async (t) => {
  const { connect, hv, connected } = await serve(t, { max_clients: 1 });
  const first = await connect();
  const second = await DataforgeClient.open(Number(new URL(`http://a:${first.socket.remotePort}`).port));
  second.say(set(1));
  t.is((await second.find(isError(8))).description, 'HV server is busy: too many clients');
  await hv.pass(12_000);
  t.is(connected(), 1);
  second.socket.destroy();
});

test('the websocket carries metas, and goes on after nonsense', async (t) => {
  const { hv, connect, webPort } = await serve(t);
  const client = await connect();
  const page = await WebSocketClient.open(`ws://127.0.0.1:${webPort}/channel`);
  t.teardown(() => page.socket.terminate());
  page.socket.send('{not json');
  t.like(JSON.parse(await page.next()), { error_code: 4, error_text_code: 'PARSE_ERROR' });
  page.socket.send(Buffer.from('{}'), { binary: true });
  t.like(JSON.parse(await page.next()), { error_code: 4 });
  page.socket.send('[1]');
  t.like(JSON.parse(await page.next()), { error_code: 9 });
  page.socket.send(JSON.stringify(set(100).meta));
  await pause(50);
  await hv.pass(2000);
  const answer = { type: 'answer', answer_type: 'set_voltage', block: '1', status: 'ok' };
  t.deepEqual(JSON.parse(await page.next()), answer);
  t.deepEqual(await client.find(isAnswer('set_voltage')), answer);
  t.deepEqual(client.metas.filter(isError(4)), []);
});

test('the page is served, and foreign pages and host names are refused', async (t) => {
  const { webPort } = await serve(t);
  const url = `http://127.0.0.1:${webPort}`;
  const page = await askHttp(url);
  t.is(page.status, 200);
  for (const [, path = ''] of page.body.toString().matchAll(/(?:src|href)="([^"]+)"/g))
    t.is((await askHttp(`${url}${path}`)).status, 200, path);
  t.is((await askHttp(`${url}/other`)).status, 404);
  t.is((await askHttp(url, { headers: { host: 'evil.example' } })).status, 403);
  const open = (headers: Record<string, string>, path = '/channel') =>
    WebSocketClient.open(`ws://127.0.0.1:${webPort}${path}`, { headers });
  await t.throwsAsync(open({ origin: 'http://evil.example' }), { message: 'refused 403' });
  await t.throwsAsync(open({ origin: 'http://127.0.0.1:1' }), { message: 'refused 403' });
  await t.throwsAsync(open({ host: 'evil.example' }), { message: 'refused 403' });
  await t.throwsAsync(open({}, '/other'), { message: 'refused 404' });
  (await open({ origin: url })).socket.terminate();
});

function schemaFile(schema: unknown): string {
  const file = join(mkdtempSync(join(tmpdir(), 'hv-')), 'schema.json');
  writeFileSync(file, typeof schema === 'string' ? schema : JSON.stringify(schema));
  return file;
}

test("a site's own schema is checked first", async (t) => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    required: ['type', 'operator'],
    properties: { voltage: { type: 'number', maximum: 500 } },
  };
  const { connect } = await serve(t, { schema: schemaFile(schema) });
  const client = await connect();
  client.say(set(600));
  client.say(set(600, { operator: 'pia' }));
  client.say(set(400, { operator: 'pia' }));
  client.say(set(1, { operator: 'pia' }));
  await client.find(isError(8));
  t.deepEqual(
    client.metas.filter(isError(9)).map(({ description }) => description),
    ["the message must have required property 'operator'", 'voltage must be <= 500'],
  );
});

test('a schema that cannot be used stops the start', async (t) => {
  for (const schema of ['{', { type: 'nothing' }, { $ref: 'http://127.0.0.1/other' }]) {
    const error = await t.throwsAsync(serve(t, { schema: schemaFile(schema) }), { code: 'BAD_CONFIG' });
    t.regex(error?.message ?? '', /^dataforge\.schema: /);
  }
  await t.throwsAsync(serve(t, { schema: '/nowhere.json' }), { code: 'BAD_CONFIG' });
});

test('a port that is taken is tried again', async (t) => {
  const { hv, connector } = await serve(t);
  const { listen } = await import('node:net').then(({ createServer }) => ({ listen: createServer() }));
  const port = await freePort();
  await new Promise<void>((resolve) => listen.listen(port, '127.0.0.1', resolve));
  const { hub, clock, lines } = hv.mesh;
  const log = createLog('dataforge', (line) => lines.push(line), clock);
  const section = sectionOf({ mode: 'strict', listen: `127.0.0.1:${port}`, web: 'off' });
  const second = await dataforge.create(section, {
    hub,
    gateway: FACTS,
    clock,
    log,
    stateDirectory: undefined,
  });
  second?.start();
  await pause(100);
  t.true(lines.some((line) => /can't listen on TCP port \d+: .*EADDRINUSE/.test(line)));
  t.false(second?.counters().listening as boolean);
  await new Promise((resolve) => listen.close(resolve));
  await hv.pass(5100);
  await pause(100);
  t.true(second?.counters().listening as boolean);
  await second?.stop();
  t.true(connector.counters().listening as boolean);
});

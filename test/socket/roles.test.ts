import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ask, listenTo } from '../support/classic-client.js';
import { type GatewayFixture, startGateway, temporaryFolder } from '../support/gateway-fixture.js';
import { LineClient } from '../support/line-client.js';

interface Fixture extends GatewayFixture {
  /** One socket for the role read, and one for the role send; the main one is for all. */
  readonly read: string;
  readonly send: string;
}

async function withRoles(run: (fixture: Fixture) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const [read, send] = [join(folder.path, 'read'), join(folder.path, 'send')];
  const sockets = [
    { path: read, role: 'read', mode: '0666' },
    { path: send, role: 'send' },
  ];
  const fixture = await startGateway({ settings: { sockets } });
  try {
    await run({ ...fixture, read, send });
  } finally {
    await fixture.close();
    folder.remove();
  }
}

const text = (reply: Buffer) => reply.toString('latin1');
const NOT_PERMITTED = 'F\x0dNot Permitted';

/** Requests of the classic dialect, by the lowest role that may send them. */
const READING = ['ACT-C', 'NSTAT', 'NETIFA', '[GET]\0\x05GPS'];
const SENDING = ['SEND-\0\x05hello', 'SENDI\0\x05hello', 'BCAST\0\0hello', 'W-LOGhello', 'W-RBT[]'];
const ADMIN = ['RST-R', 'CLEAN'];

test('a socket of the role read answers queries, and permits nothing else', (t) =>
  withRoles(async ({ read, root, hub }) => {
    for (const request of READING) t.not(text(await ask(read, request)), NOT_PERMITTED, request);
    for (const request of [...SENDING, ...ADMIN]) {
      t.is(text(await ask(read, request)), NOT_PERMITTED, request);
    }
    t.is(root.writes.length, 0);
    t.is(hub.picture.robots().length, 0);
  }));

test('a socket of the role send sends, but neither resets nor cleans', (t) =>
  withRoles(async ({ send, root }) => {
    for (const request of SENDING) t.is(text(await ask(send, request)), 'S', request);
    const sent = root.writes.length;
    t.is(sent, 3);
    for (const request of ADMIN) t.is(text(await ask(send, request)), NOT_PERMITTED, request);
    t.is(root.writes.length, sent);
  }));

test("a site's own command needs the role admin: only its root knows what it does", async (t) => {
  const folder = temporaryFolder();
  const opcodes = join(folder.path, 'opcodes.json');
  const commands = [{ name: 'WIPE!', executor: 'root', arguments: [] }];
  writeFileSync(opcodes, JSON.stringify({ messages: [], commands }));
  const send = join(folder.path, 'send');
  const fixture = await startGateway({
    link: 'absent',
    settings: { opcodes, sockets: [{ path: send, role: 'send' }] },
  });
  t.is(text(await ask(send, 'WIPE!')), NOT_PERMITTED);
  t.is(text(await ask(fixture.socketPath, 'WIPE!')).slice(2), 'No Serial Connection');
  await fixture.close();
  folder.remove();
});

test('a read-only client may listen', (t) =>
  withRoles(async ({ read, root }) => {
    const client = await listenTo(read);
    root.say(Buffer.from('00055401', 'hex'));
    t.is((await client.has(4)).toString('hex'), '00055401');
    client.close();
  }));

test('a session has the role of its socket, which hello reports, and is refused everything else', (t) =>
  withRoles(async ({ read, send, socketPath }) => {
    for (const [path, role, mayLog, mayReset] of [
      [read, 'read', false, false],
      [send, 'send', true, false],
      [socketPath, 'admin', true, true],
    ] as const) {
      const client = await LineClient.open(path);
      t.like((await client.ask('hello')).result, { role });
      const log = await client.ask('log', { text: 'x' });
      const reset = await client.ask('resetRoot');
      t.is(log.error?.data?.code, mayLog ? undefined : 'FORBIDDEN');
      t.is(reset.error?.data?.code, mayReset ? undefined : 'FORBIDDEN');
      client.close();
    }
  }));

test('each socket has its own mode', (t) =>
  withRoles(async ({ read, send, socketPath }) => {
    const modes = [read, send, socketPath].map((path) => statSync(path).mode & 0o777);
    t.deepEqual(modes, [0o666, 0o660, 0o660]);
  }));

test('the main socket and the TCP ports can be given a role too', async (t) => {
  const fixture = await startGateway({ settings: { clients: { role: 'read' } } });
  t.is(text(await ask(fixture.socketPath, 'RST-R')), NOT_PERMITTED);
  await fixture.close();
});

test('actions of the role admin are recorded: who, by which socket, what, and the outcome', (t) =>
  withRoles(async ({ read, socketPath, logged }) => {
    t.is(text(await ask(socketPath, 'RST-R')), 'S');
    t.is(text(await ask(read, 'CLEAN')), NOT_PERMITTED);
    const client = await LineClient.open(socketPath);
    await client.ask('clean', { confirm: true });
    await client.ask('clean', {});
    const { entries } = (await client.ask('audit')).result as { entries: Record<string, unknown>[] };
    t.like(entries, {
      length: 2,
      0: { client: 'client 1', via: socketPath, role: 'admin', action: 'RST-R', outcome: 'done' },
      1: { client: 'client 3', via: socketPath, role: 'admin', action: 'clean', outcome: 'done' },
    });
    t.regex(logged.join('\n'), /audit: RST-R by client 1 on \S+: done/);
    t.regex(logged.join('\n'), /audit: CLEAN by client 2 on \S+: not permitted for the role read/);
    const { result } = await client.ask('counters');
    t.like(result, { clients: { audit: { recorded: 2, forbidden: 1, notWritten: 0 } } });
    client.close();
  }));

test('failed actions are recorded with the reason', async (t) => {
  const fixture = await startGateway({ link: 'absent' });
  await ask(fixture.socketPath, 'CLEAN');
  const client = await LineClient.open(fixture.socketPath);
  await client.ask('resetRoot');
  const { entries } = (await client.ask('audit')).result as { entries: { outcome: string }[] };
  t.deepEqual(
    entries.map(({ outcome }) => outcome),
    ['No Serial Connection', 'LINK_DOWN'],
  );
  client.close();
  await fixture.close();
});

test('listeners that fill their sockets leave room for clients with more rights', async (t) => {
  const folder = temporaryFolder();
  const read = join(folder.path, 'read');
  const fixture = await startGateway({
    settings: { clients: { max: 3 }, sockets: [{ path: read, role: 'read' }] },
  });
  const listeners = await Promise.all([listenTo(read), listenTo(read), listenTo(read)]);
  t.is(text(await ask(read, 'ACT-C')).slice(2), 'Too Many Clients');
  t.is((await ask(fixture.socketPath, 'ACT-C')).toString('hex'), '5300');
  for (const listener of listeners) listener.close();
  await fixture.close();
  folder.remove();
});

test('an additional socket on the path of the main one is refused, and so is a TCP port used by HTTP', async (t) => {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const socket = join(folder.path, 'main');
  const sockets = [{ path: `${folder.path}/./main`, role: 'read' }];
  await t.throwsAsync(startGateway({ settings: { socket, sockets }, ownSocket: false }), {
    code: 'BAD_CONFIG',
    message: /sockets\.0\.path.*main socket/,
  });
  await t.throwsAsync(startGateway({ settings: { tcp: [7001], http: { listen: 7001 } } }), {
    code: 'BAD_CONFIG',
    message: /http\.listen.*this port is also in tcp/,
  });
});

import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { loadConfig } from '../src/gateway/settings.js';
import { loadTables } from '../src/gateway.js';
import { ask, listenTo } from './support/classic-client.js';
import { startGateway, temporaryFolder } from './support/gateway-fixture.js';
import { bytesOf } from './support/hex.js';
import { DATA_TYPES_FILE, OPCODES_FILE, readTable, temporaryFile } from './support/tables.js';

/** A copy of the shipped opcodes.json with more lines. */
function opcodesWith(t: ExecutionContext, more: { messages?: unknown[]; commands?: unknown[] }): string {
  const { messages = [], commands = [] } = readTable(OPCODES_FILE);
  return temporaryFile(t, 'opcodes.json', {
    messages: [...messages, ...(more.messages ?? [])],
    commands: [...commands, ...(more.commands ?? [])],
  });
}

test('a new opcode that carries a new data type is two lines of JSON', async (t) => {
  const { types = [] } = readTable(DATA_TYPES_FILE);
  const wind = {
    name: 'Wind',
    id: '0x20',
    length: 2,
    fields: [{ name: 'speed', type: 'u16', endian: 'be' }],
  };
  const data_types = temporaryFile(t, 'data-types.json', { types: [...types, wind] });
  const opcodes = opcodesWith(t, {
    messages: [{ opcode: '0x57', name: 'WindReport', from: ['node'], storeAs: 'Wind', listeners: true }],
  });
  const { socketPath, root, close } = await startGateway({ settings: { opcodes, data_types } });
  const client = await listenTo(socketPath);
  root.say('00 05 57 01 02', '00 06 44 02 00 07 20 03 04');
  t.is((await client.has(5)).toString('hex'), '0005570102');
  const wanted = '5357696e64020200050102' + '00060304';
  t.is((await ask(socketPath, '[GET]\0\0Wind')).toString('hex'), wanted);
  const byId = Buffer.from('[GET]\0\0\x20', 'latin1');
  t.is((await ask(socketPath, byId)).toString('hex'), '532002020005010200060304');
  const mesh = JSON.parse((await askAnswered(root, socketPath)).toString('utf8', 1));
  t.deepEqual(mesh.nodes[0].values.Wind.fields, { speed: { value: 258 } });
  client.close();
  await close();
});

function askAnswered(root: Awaited<ReturnType<typeof startGateway>>['root'], socketPath: string) {
  root.answerNext(['00 00 01 00']);
  return ask(socketPath, 'NINFO');
}

test('disabling the forwarding of an opcode is one word of JSON', async (t) => {
  const { messages = [], commands } = readTable(OPCODES_FILE);
  const changed = messages.map((entry) =>
    (entry as { name: string }).name === 'Ack' ? { ...(entry as object), listeners: false } : entry,
  );
  const opcodes = temporaryFile(t, 'opcodes.json', { messages: changed, commands });
  const { socketPath, root, close } = await startGateway({ settings: { opcodes } });
  const client = await listenTo(socketPath);
  root.say('00 05 41', '00 05 52 00');
  t.is((await client.has(4)).toString('hex'), '00055200');
  client.close();
  await close();
});

test("a command of the site's own root is one line of JSON: it is passed on and answered S", async (t) => {
  const commands = [
    { name: 'BLINK', executor: 'root', arguments: ['address', 'byte'] },
    { name: 'SHOUT', executor: 'root', arguments: ['text'] },
    { name: 'SLEEP', executor: 'root', arguments: [] },
  ];
  const opcodes = opcodesWith(t, { commands });
  const { socketPath, root, close } = await startGateway({ settings: { opcodes } });
  const table = [
    ['BLINK\0\x05\x01', 'BLINK\0\x05\x01'],
    ['BLINK\0\x05\x01\0\0', 'BLINK\0\x05\x01'],
    ['SHOUThello', 'SHOUThello'],
    ['SLEEP', 'SLEEP'],
    ['SLEEP\0\0', 'SLEEP'],
  ] as const;
  for (const [request, expected] of table) {
    root.forget();
    t.is((await ask(socketPath, request)).toString(), 'S', request);
    t.deepEqual(root.bodies.map(String), [expected]);
  }
  t.is((await ask(socketPath, 'BLINK\0', 'withShutdown')).toString('utf8', 2), 'No Dst Address Attached');
  t.is((await ask(socketPath, 'BLINK\0\x05', 'withShutdown')).toString('utf8', 2), 'Command Too Short');
  root.hangUp();
  await close();
});

test('a command that is removed from the table is unknown', async (t) => {
  const { messages, commands = [] } = readTable(OPCODES_FILE);
  const fewer = commands.filter((entry) => (entry as { name: string }).name !== 'CLEAN');
  const opcodes = temporaryFile(t, 'opcodes.json', { messages, commands: fewer });
  const { socketPath, root, close } = await startGateway({ settings: { opcodes } });
  t.is((await ask(socketPath, 'CLEAN')).toString('utf8', 2), 'Unknown Command');
  t.deepEqual(root.bodies, []);
  await close();
});

test('a table that this gateway cannot serve is refused with file, key and reason', (t) => {
  const table = [
    [{ name: 'THINK', executor: 'gateway', arguments: [] }, "THINK: this gateway can't execute it"],
  ] as const;
  for (const [entry, reason] of table) {
    const opcodes = opcodesWith(t, { commands: [entry] });
    const error = t.throws(() => loadTables(loadConfig({ opcodes }, undefined, {})), { code: 'BAD_TABLE' });
    t.is(error?.message, `${opcodes}: commands: ${reason}`);
  }
  const { messages, commands = [] } = readTable(OPCODES_FILE);
  const wrong = commands.map((entry) =>
    (entry as { name: string }).name === 'NETIF' ? { ...(entry as object), arguments: [] } : entry,
  );
  const opcodes = temporaryFile(t, 'opcodes.json', { messages, commands: wrong });
  const error = t.throws(() => loadTables(loadConfig({ opcodes }, undefined, {})), { code: 'BAD_TABLE' });
  t.is(error?.message, `${opcodes}: commands: NETIF: its arguments must be [byte]`);
});

test('without a device the gateway still serves clients', async (t) => {
  const { socketPath, logged, close } = await startGateway({ link: 'absent' });
  t.is((await ask(socketPath, 'ACT-C')).toString('hex'), '5300');
  t.is((await ask(socketPath, 'RST-R')).toString('utf8', 2), 'No Serial Connection');
  t.true(logged.some((line) => line.includes('no serial device found')));
  await close();
});

/** A group that this process may give its files to, whichever user runs the tests. */
const OWN_GROUP = String(process.getgid?.() ?? 0);

test('the socket is accessible to its group only, or as configured; stopping removes it', async (t) => {
  for (const [settings, mode] of [
    [{}, 0o660],
    [{ clients: { mode: '0600' } }, 0o600],
    [{ clients: { mode: '0666', group: OWN_GROUP } }, 0o666],
  ] as const) {
    const { gateway, socketPath, close } = await startGateway({ settings });
    t.is(statSync(socketPath).mode & 0o777, mode);
    await gateway.stop();
    t.false(existsSync(socketPath));
    await close();
  }
});

test('a second gateway on the same socket is refused, and does not disturb the first', async (t) => {
  const first = await startGateway();
  const settings = { socket: first.socketPath };
  const error = await t.throwsAsync(startGateway({ settings, ownSocket: false }), { code: 'SOCKET_TAKEN' });
  t.true(error?.message.includes(`process id ${process.pid}`));
  t.is((await ask(first.socketPath, 'ACT-C')).toString('hex'), '5300');
  await first.close();
});

test('a problem with a socket path is reported', async (t) => {
  const { path: folder, remove } = temporaryFolder();
  const regular = join(folder, 'file');
  writeFileSync(regular, 'mine');
  const table = [
    [regular, 'SOCKET_FAILED', /exists and is not a socket/],
    [join(folder, 'missing', 's'), 'SOCKET_FAILED', /no such directory/],
    [join(regular, 's'), 'SOCKET_FAILED', /./],
    [join(folder, 'x'.repeat(110)), 'SOCKET_FAILED', /socket path too long .\d+ bytes, maximum 107/],
  ] as const;
  for (const [socket, code, message] of table) {
    const error = await t.throwsAsync(startGateway({ settings: { socket }, ownSocket: false }), { code });
    t.regex(error?.message ?? '', message);
  }
  t.is(statSync(regular).size, 4);
  remove();
});

test('a group that does not exist is refused', async (t) => {
  const settings = { clients: { group: 'no-such-group-here' } };
  const error = await t.throwsAsync(startGateway({ settings }), { code: 'BAD_CONFIG' });
  t.is(error?.message, 'group = "no-such-group-here": no such group');
});

test('the counters show what was received and how it was interpreted', async (t) => {
  const { hub, root, close } = await startGateway();
  root.say('00 05 52 00', '00 05 44 01', '00 05 99');
  root.sayBytes(bytesOf('41 42 0A FF 41 FC 42 FE'));
  const { uart, messages } = hub.counters() as Counted;
  t.is(messages.opaque, 1);
  t.is(messages.malformed, 1);
  t.is(messages.unknown, 1);
  t.is(uart.dropped.reservedByte, 1);
  t.true(uart.received.outsideBytes > 0);
  await close();
});

interface Counted {
  readonly uart: {
    readonly dropped: Record<string, number>;
    readonly received: { readonly outsideBytes: number };
  };
  readonly messages: Record<string, number>;
}

import test from 'ava';
import { loadConfig } from '../../src/gateway/settings.js';
import { loadTables } from '../../src/gateway.js';
import { SHORT_QUEUE } from '../../src/socket/outbox.js';
import { encodeFrame } from '../../src/uart/frame.js';
import { ask, connectTo, ListeningClient, listenTo, sendPieces } from '../support/classic-client.js';
import { freePort } from '../support/free-port.js';
import { startGateway, withGateway } from '../support/gateway-fixture.js';
import { bytesOf as hex } from '../support/hex.js';

const ACK = '5b61636b5d00';

/** Bodies, and whether listening clients get them. */
const BODIES: readonly (readonly [name: string, body: string, forwarded: boolean])[] = [
  ['Custom', '00 05 00 01 02', true],
  ['Net Info', '00 00 01 01 00 05 32 10 00 00 00 00 00 00 00 00 00 00 00 00 00 05', false],
  ['Node Info of a node', '00 05 02 32 10 00 00 00 00 00 00 00 00 00 00 00 00 00 05', false],
  ['Node Info of the root', '00 00 02 00 05 32 10 00 00 00 00 00 00 00 00 00 00 00 00 00 05', false],
  ['Root Reset', '00 00 03', true],
  ['Root Reset with a text', '00 00 03 6F 6E 6C 69 6E 65 0A', true],
  ['Path Info', '00 00 04 00', false],
  ['Position', '00 05 05 00 00 00 00 00 20 48 40 00 00 00 00 00 00 29 40', false],
  ['Data', '00 05 44 01 00 07', false],
  ['malformed Data', '00 05 44 02 00 07', false],
  ['Request', '00 05 52 00', true],
  ['Echo', '00 05 45 FF FA FE', true],
  ['Ack', '00 05 41', true],
  ['Test', '00 05 54 46', true],
  ['Reset', '00 05 53', true],
  ['JSON report', '00 05 7B 22 61 22 3A 31 7D 0A', false],
  ['an unknown opcode', '00 05 99 01', true],
  ['text of the root', '00 00 45 72 72 6F 72 3A 20 4E 6F 20 4D 65 73 73 61 67 65 0A', true],
  ['text of a node', '00 05 63 6F 6E 66 0A', true],
  ['a body that is too short', '00 05', false],
  ['a body from a group address', 'C0 00 00 01', false],
];

for (const [name, body, forwarded] of BODIES) {
  test(`${name} ${forwarded ? 'goes' : 'does not go'} to listening clients`, (t) =>
    withGateway({}, async ({ socketPath, root }) => {
      const client = await listenTo(socketPath);
      root.say(body, '00 09 00 EE');
      const expected = forwarded ? [hex(body), hex('00 09 00 EE')] : [hex('00 09 00 EE')];
      const received = await client.has(Buffer.concat(expected).length);
      t.is(received.toString('hex'), Buffer.concat(expected).toString('hex'));
      client.close();
    }));
}

test('the table above names every opcode', (t) => {
  const { opcodes } = loadTables(loadConfig({}, undefined, {}));
  const tried = new Set(BODIES.map(([, body]) => hex(body)[2]));
  for (const { opcode, name } of opcodes.messages()) t.true(tried.has(opcode), name);
});

test('the handshake may arrive in pieces, and with bytes after it', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    const handshakes = [['[', 'syn', ']', '\0'], ['[syn]', '\0'], ['[syn]\0ACT-C'], ['[sy', 'n]\0\0\0']];
    for (const pieces of handshakes) {
      const client = new ListeningClient(await connectTo(socketPath));
      await sendPieces(
        client.socket,
        pieces.map((piece) => Buffer.from(piece, 'latin1')),
      );
      t.is((await client.has(6)).toString('hex'), ACK);
      root.say('00 05 52 00');
      t.is((await client.has(10)).toString('hex', 6), '00055200');
      client.close();
    }
  }));

test('each of many listening clients gets its own copy of every message', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => listenTo(socketPath)));
    const bodies = Array.from({ length: 100 }, (_, index) => Buffer.of(0, 5, 0, index, 0xff, 0xfe));
    root.say(...bodies);
    const expected = Buffer.concat(bodies);
    for (const client of clients) {
      t.true((await client.has(expected.length)).equals(expected));
      client.close();
    }
  }));

test('each message is written separately', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    const client = await listenTo(socketPath);
    const bodies = ['00 05 52 00', '00 06 45 01 02 03', '00 07 53'];
    let total = 0;
    for (const body of bodies) {
      root.say(body);
      total += hex(body).length;
      await client.has(total);
    }
    t.deepEqual(
      client.chunks.map((chunk) => chunk.toString('hex')),
      bodies.map((body) => hex(body).toString('hex')),
    );
    client.close();
  }));

test('messages in one read from the UART arrive one by one, on a Unix socket and over TCP', async (t) => {
  const port = await freePort();
  await withGateway({ settings: { tcp: [port] } }, async ({ socketPath, root }) => {
    const clients = [await listenTo(socketPath), await listenTo(port)];
    const bodies = Array.from({ length: SHORT_QUEUE - 1 }, (_, index) => Buffer.of(0, 5, 0x41, index));
    root.sayBytes(Buffer.concat(bodies.map(encodeFrame)));
    for (const client of clients) {
      await client.has(Buffer.concat(bodies).length);
      t.deepEqual(
        client.chunks.map((chunk) => chunk.toString('hex')),
        bodies.map((body) => body.toString('hex')),
      );
      client.close();
    }
  });
});

test('input from a listening client is ignored', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    const client = await listenTo(socketPath);
    for (const sent of ['RST-R', '[syn]\0', '\0', 'x'.repeat(100_000)]) {
      await new Promise((resolve) => client.socket.write(sent, resolve));
    }
    root.say('00 05 52 00');
    t.is((await client.has(4)).toString('hex'), '00055200');
    t.deepEqual(root.bodies, []);
    client.close();
  }));

test('the request time-out does not apply to a listening client', (t) =>
  withGateway({ settings: { clients: { request_timeout_ms: 1000 } } }, async ({ socketPath, root }) => {
    const client = await listenTo(socketPath);
    const silent = await connectTo(socketPath);
    await new Promise((resolve) => silent.resume().once('close', resolve));
    root.say('00 05 52 00');
    t.is((await client.has(4)).toString('hex'), '00055200');
    client.close();
  }));

test('a listening client that stops reading is closed at its limit, and the others lose nothing', (t) =>
  withGateway({ settings: { clients: { outbox_bytes: 20_000 } } }, async ({ socketPath, root, logged }) => {
    const stalled = await listenTo(socketPath);
    stalled.socket.pause();
    const reader = await listenTo(socketPath);
    const body = Buffer.concat([hex('00 05 00'), Buffer.alloc(997, 'm')]);
    const gone = stalled.closed;
    let sent = 0;
    for (; !logged.some((line) => line.includes('did not read')) && sent < 5000; sent++) {
      root.say(body);
      await reader.has((sent + 1) * body.length);
    }
    t.true(sent < 5000);
    t.is(reader.received.length, sent * body.length);
    stalled.socket.resume();
    await gone;
    t.is((await ask(socketPath, 'ACT-C')).toString('hex'), '5301');
    reader.close();
  }));

test('a stalled client is closed after a complete message', (t) =>
  withGateway({ settings: { clients: { outbox_bytes: 20_000 } } }, async ({ socketPath, root, logged }) => {
    const stalled = await listenTo(socketPath);
    stalled.socket.pause();
    const body = Buffer.concat([hex('00 05 00'), Buffer.alloc(997, 'm')]);
    while (!logged.some((line) => line.includes('did not read'))) {
      root.say(body);
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.is(logged.filter((line) => line.includes('did not read')).length, 1);
    stalled.socket.resume();
    await stalled.closed;
    t.true(stalled.received.length > 0);
  }));

test('listening clients stay connected while the link goes down and comes back', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    const client = await listenTo(socketPath);
    const asked = root.nextBody();
    root.hangUp();
    t.is(String(await asked), 'NINFO');
    root.say('00 05 52 00');
    t.is((await client.has(4)).toString('hex'), '00055200');
    client.close();
  }));

test('listening clients are closed when the gateway stops', async (t) => {
  const fixture = await startGateway();
  const clients = await Promise.all([1, 2, 3].map(() => listenTo(fixture.socketPath)));
  await fixture.close();
  await Promise.all(clients.map(({ closed }) => closed));
  t.pass();
});

/** What brokers send, byte by byte, and how it is interpreted. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { connect } from 'mqtt';
import type { BrokerConnection, BrokerLimits, Incoming } from '../../../src/mqtt/broker.js';
import { openBrokerBy } from '../../../src/mqtt/open-broker.js';
import { bytesOf, hexOf } from '../../support/hex.js';

/** Promises of what the broker does to the connection, and the bytes that came from it. */
async function open(t: ExecutionContext, version: 4 | 5) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const reported: { down?: string; limits?: BrokerLimits; messages: Incoming[] } = { messages: [] };
  let tell = () => {};
  const isDown = new Promise<void>((resolve) => {
    tell = resolve;
  });
  let onUp = () => {};
  const isUp = new Promise<void>((resolve) => {
    onUp = resolve;
  });
  const address = { host: '127.0.0.1', port, isSecure: false, user: 'u', password: 'p' };
  const connection = openBrokerBy(connect)(
    {
      address: { ...address, ca: undefined, cert: undefined, key: undefined },
      clientId: 'c',
      version,
      will: { topic: 'w', payload: 'x' },
    },
    {
      onConnected: (limits) => {
        reported.limits = limits;
        onUp();
      },
      onMessage: (message) => reported.messages.push(message),
      onDown: (reason, detail) => {
        reported.down = `${reason} ${detail}`.trim();
        tell();
      },
    },
  );
  const [socket] = await accepted;
  const bytes: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => bytes.push(chunk));
  await once(socket, 'data');
  t.teardown(() => {
    connection.drop();
    socket.destroy();
    server.close();
  });
  const say = (hex: string) => socket.write(bytesOf(hex));
  return { connection, socket, say, reported, isDown, isUp, bytes: () => Buffer.concat(bytes) };
}

for (const [version, says, reason] of [
  [4, '20 02 00 01', 'badVersion Connection refused: Unacceptable protocol version'],
  [4, '20 02 00 02', 'refused Connection refused: Identifier rejected'],
  [4, '20 02 00 04', 'badCredentials Connection refused: Bad username or password'],
  [4, '20 02 00 05', 'notAllowed Connection refused: Not authorized'],
  [5, '20 02 00 01', 'badVersion Connection refused: Unacceptable protocol version'],
  [5, '20 03 00 84 00', 'badVersion Connection refused: Unsupported Protocol Version'],
  [5, '20 03 00 86 00', 'badCredentials Connection refused: Bad User Name or Password'],
  [5, '20 03 00 87 00', 'notAllowed Connection refused: Not authorized'],
  [5, '20 03 00 88 00', 'refused Connection refused: Server unavailable'],
  [5, '20 03 00 00 00 E0 02 8E 00', 'takenOver'],
  [5, '20 03 00 00 00 E0 02 8B 00', 'closed reason 0x8b'],
] as const) {
  test(`MQTT ${version === 4 ? '3.1.1' : 5}: ${says} is ${reason}`, async (t) => {
    const { say, reported, isDown, socket } = await open(t, version);
    say(says);
    if (says.includes('E0 02')) socket.end();
    await isDown;
    t.is(reported.down, reason);
  });
}

test('a connection whose disconnect the broker does not accept is closed when it is dropped', async (t) => {
  const { connection, say, socket, isUp } = await open(t, 5);
  say('20 03 00 00 00');
  await isUp;
  connection.publish({ topic: 't', payload: 'never acknowledged', retain: false }, () => {});
  void connection.end();
  const closed = once(socket, 'close');
  connection.drop();
  await closed;
  t.pass();
});

test('the broker’s limits are read from its answer', async (t) => {
  const limited = await open(t, 5);
  limited.say('20 0B 00 00 08 21 00 14 27 00 00 10 00');
  await limited.isUp;
  t.deepEqual(limited.reported.limits, { receiveMaximum: 20, maximumPacketSize: 4096 });
  const free = await open(t, 4);
  free.say('20 02 00 00');
  await free.isUp;
  t.deepEqual(free.reported.limits, { receiveMaximum: 65_535, maximumPacketSize: Number.POSITIVE_INFINITY });
});

test('it sends user, password and a retained will, and asks for a clean session', async (t) => {
  const { bytes } = await open(t, 4);
  t.is(hexOf(bytes()), '10 19 00 04 4D 51 54 54 04 EE 00 1E 00 01 63 00 01 77 00 01 78 00 01 75 00 01 70');
});

async function up(t: ExecutionContext, version: 4 | 5) {
  const opened = await open(t, version);
  opened.say(version === 4 ? '20 02 00 00' : '20 03 00 00 00');
  await opened.isUp;
  return opened;
}

const published = (connection: BrokerConnection) =>
  new Promise<string | undefined>((resolve) => {
    connection.publish({ topic: 't', payload: 'x', retain: false }, resolve);
  });

/** The packet's own number, in hex, at its position in the next bytes. */
async function idAt(socket: Socket, place: number): Promise<string> {
  const [packet] = (await once(socket, 'data')) as [Buffer];
  return hexOf(packet.subarray(place, place + 2));
}

/** After header, length, and a topic of one letter. */
const PUBLISH_ID = 5;
const SUBSCRIBE_ID = 2;

test('a publication is done when it is acknowledged; a rejection is reported with its reason', async (t) => {
  const { connection, socket, say } = await up(t, 5);
  const first = published(connection);
  say(`40 02 ${await idAt(socket, PUBLISH_ID)}`);
  t.is(await first, undefined);
  const second = published(connection);
  say(`40 04 ${await idAt(socket, PUBLISH_ID)} 87 00`);
  t.is(await second, 'Publish error: Not authorized');
});

test('an acknowledgement after the connection was dropped is ignored', async (t) => {
  const { connection, socket, say } = await up(t, 4);
  let calls = 0;
  connection.publish({ topic: 't', payload: 'x', retain: false }, () => calls++);
  const id = await idAt(socket, PUBLISH_ID);
  connection.drop();
  say(`40 02 ${id}`);
  await once(socket, 'close');
  t.is(calls, 0);
});

test('topics that the broker rejects are named', async (t) => {
  const { connection, socket, say } = await up(t, 4);
  const refused = new Promise((resolve) => connection.subscribe(['a', 'b', 'c'], resolve));
  say(`90 05 ${await idAt(socket, SUBSCRIBE_ID)} 01 80 01`);
  t.deepEqual(await refused, ['b']);
});

test('a message carries its response topic and correlation data, and whether it is a duplicate', async (t) => {
  const { socket, say, reported } = await up(t, 5);
  say('3B 13 00 01 74 00 07 09 08 00 01 72 09 00 02 01 02 7B 7D 20 20');
  await once(socket, 'data');
  const [message] = reported.messages;
  t.like(message, {
    topic: 't',
    retain: true,
    dup: true,
    responseTopic: 'r',
    correlation: Buffer.from([1, 2]),
  });
  t.is(message?.payload.toString(), '{}  ');
});

test('a message of more than 1 MiB ends the connection before it is complete', async (t) => {
  const { socket, say, reported, isDown } = await up(t, 4);
  say('30 80 80 80 02 00 01 74');
  socket.on('error', () => {});
  socket.write(Buffer.alloc(1_200_000));
  await isDown;
  t.is(reported.down, 'packetTooLarge');
  t.deepEqual(reported.messages, []);
});

test('many messages that together are longer are accepted', async (t) => {
  const { socket, say, reported } = await up(t, 4);
  for (let sent = 0; sent < 30; sent++) {
    say('30 D0 86 03 00 01 74');
    socket.write(Buffer.alloc(49_997));
  }
  say('32 05 00 01 74 00 07');
  await once(socket, 'data');
  t.is(reported.messages.length, 31);
  t.is(reported.down, undefined);
});

test('stopping sends a DISCONNECT, so that the will is not published', async (t) => {
  const { connection, socket, bytes } = await up(t, 4);
  const closed = once(socket, 'close');
  await connection.end();
  await closed;
  t.is(hexOf(bytes().subarray(-2)), 'E0 00');
});

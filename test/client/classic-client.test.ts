import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { ClassicClient, type ClassicMessage, ClientError, RequestError } from '../../src/client/index.js';
import { type FixtureOptions, startGateway, temporaryFolder } from '../support/gateway-fixture.js';

async function setUp(t: ExecutionContext, options: FixtureOptions = {}) {
  const gateway = await startGateway(options);
  const client = new ClassicClient(gateway.socketPath);
  t.teardown(async () => {
    client.close();
    await gateway.close();
  });
  return { gateway, client };
}

/** A gateway that accepts, and hands its side of the connection to the test. */
async function accepting(t: ExecutionContext) {
  const folder = temporaryFolder();
  const path = join(folder.path, 's');
  const server = createServer({ allowHalfOpen: true });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    folder.remove();
  });
  const accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  return { client: new ClassicClient(path), accepted };
}

test('messages go to the handlers of their opcode, given as a number or a character', async (t) => {
  const { gateway, client } = await setUp(t);
  const heard: ClassicMessage[] = [];
  const said = (opcode: number | string) =>
    new Promise<void>((resolve) => {
      client.on(opcode, (message) => {
        heard.push(message);
        resolve();
      });
    });
  const request = said('R');
  const ack = said(0x41);
  client.on('E', () => t.fail('no echo arrived'));
  await client.listen();
  gateway.root.say('00 05 52 00');
  await request;
  gateway.root.say('00 06 41 01 02');
  await ack;
  t.deepEqual(heard, [
    { address: 5, opcode: 0x52, payload: Buffer.of(0) },
    { address: 6, opcode: 0x41, payload: Buffer.of(1, 2) },
  ]);
});

test('a command resolves with the reply after the S', async (t) => {
  const { gateway, client } = await setUp(t);
  gateway.root.say('00 05 44 01 00 07');
  t.deepEqual(await client.command('ACT-C'), Buffer.of(1));
  t.deepEqual(await client.command('[GET]', Buffer.of(0, 5, 0)), Buffer.of(0, 1, 1, 0, 5, 7));
});

test('a refused command rejects with the gateway’s text', async (t) => {
  const { client } = await setUp(t);
  const error = await t.throwsAsync(client.command('NOPE!'), { instanceOf: RequestError });
  t.is(error.code, 'REFUSED');
  t.is(error.message, 'Unknown Command');
});

test('send hands a message to the root, as text or as bytes', async (t) => {
  const { gateway, client } = await setUp(t);
  await client.send(5, 'hé');
  await client.send(0x7fff, Buffer.of(1, 2));
  t.deepEqual(
    gateway.root.bodies.map((body) => body.toString('hex')),
    [Buffer.from('SEND-\0\x05hé').toString('hex'), `${Buffer.from('SEND-').toString('hex')}7fff0102`],
  );
});

test('without a gateway, both commands and listening reject with NOT_RUNNING', async (t) => {
  const client = new ClassicClient('/nowhere/s');
  for (const trial of [client.command('ACT-C'), client.listen()]) {
    t.is((await t.throwsAsync(trial, { instanceOf: ClientError })).code, 'NOT_RUNNING');
  }
});

test('a handshake that is answered in pieces, with a message right after it, is understood', async (t) => {
  const { client, accepted } = await accepting(t);
  const heard = new Promise<ClassicMessage>((resolve) => client.on('R', resolve));
  const listening = client.listen();
  const socket = await accepted;
  for (const piece of ['[a', 'ck]']) {
    socket.write(piece);
    await nextTurn();
    await nextTurn();
  }
  socket.write(Buffer.from('\0\0\x05R\x07', 'latin1'));
  await listening;
  t.deepEqual(await heard, { address: 5, opcode: 0x52, payload: Buffer.of(7) });
  client.close();
});

test('listen rejects with the gateway’s text when it is refused', async (t) => {
  const { client, accepted } = await accepting(t);
  const listening = client.listen();
  const socket = await accepted;
  socket.end('F\x10Too Many Clients');
  const error = await t.throwsAsync(listening, { instanceOf: RequestError });
  t.is(error.message, 'Too Many Clients');
});

test('the program is notified when the gateway ends listening', async (t) => {
  const { gateway, client } = await setUp(t);
  const ended = new Promise<void>((resolve) => {
    void client.listen(resolve);
  });
  await client.command('ACT-C');
  await gateway.gateway.stop();
  await ended;
  t.pass();
});

import { once } from 'node:events';
import test from 'ava';
import { ask, connectTo, listenTo, readAll, sendPieces } from '../support/classic-client.js';
import { withGateway } from '../support/gateway-fixture.js';
import { bytesOf as hex } from '../support/hex.js';
import { ManualClock } from '../support/manual-clock.js';

const UNKNOWN_COMMAND = '460f556e6b6e6f776e20436f6d6d616e64';

test('two requests at once on one connection: the first is answered, and the connection closed', (t) =>
  withGateway({}, async ({ socketPath }) => {
    t.is((await ask(socketPath, 'ACT-CNSTAT')).toString('hex'), '5300');
    t.is((await ask(socketPath, 'NETIFAACT-C')).toString('hex'), '5300');
    t.is((await ask(socketPath, 'HELLOACT-C')).toString('hex'), UNKNOWN_COMMAND);
  }));

test('a [GET] whose type is complete is answered, whatever follows it', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    root.say('00 05 44 02 00 07 01 39 30 00 09 BC 00');
    const expected = '53475053060100053930000 9bc00'.replace(' ', '');
    for (const tail of ['', '\0\0', 'ACT-C', 'GPS']) {
      t.is((await ask(socketPath, `[GET]\0\x05GPS${tail}`)).toString('hex'), expected, tail);
      t.is((await ask(socketPath, `[GET]\0\x05GPS${tail}`, 'byteByByte')).toString('hex'), expected, tail);
    }
    t.is((await ask(socketPath, '[GET]\0\x05\x01\0\0')).toString('hex'), '53010601000539300009bc00');
  }));

test('a [GET] whose type is the beginning of a longer one waits for the rest', (t) =>
  withGateway({ settings: { clients: { settle_ms: 40 } } }, async ({ socketPath, root }) => {
    root.say('00 05 44 01 00 07');
    const bytes = await ask(socketPath, '[GET]\0\x05Sequence', 'byteByByte');
    t.is(bytes.toString('latin1'), 'SSequence\x01\x01\0\x05\x07');
    t.is((await ask(socketPath, '[GET]\0\x05Seq')).toString('utf8', 2), 'Data Type Not Found');
  }));

test('a reply is not lost when the client has sent more than was read', (t) =>
  withGateway({}, async ({ socketPath }) => {
    for (let round = 0; round < 20; round++) {
      const socket = await connectTo(socketPath);
      const reply = readAll(socket);
      socket.write('ACT-C');
      socket.write(Buffer.alloc(200_000, 'x'));
      t.is((await reply).toString('hex'), '5300');
    }
  }));

test('a client that reads late still gets its complete reply', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    for (let node = 5; node < 5005; node++) {
      root.say(
        Buffer.concat(
          [hex('00 00'), hex('44 01 00 07')].map((part, index) => (index ? part : address(node))),
        ),
      );
    }
    const socket = await connectTo(socketPath);
    socket.pause();
    socket.write('NINFO');
    root.answerNext(['00 00 01 00']);
    await once(socket, 'readable');
    const reply = await readAll(socket);
    t.is(JSON.parse(reply.toString('utf8', 1)).node_amount, 5000);
  }));

test('the gateway closes its side right after the reply', (t) =>
  withGateway({ clock: new ManualClock() }, async ({ socketPath }) => {
    const socket = await connectTo(socketPath);
    socket.write('ACT-C');
    await once(socket.resume(), 'end');
    t.pass('no time has passed');
  }));

test('a request of variable length may come with pauses shorter than the settle time', (t) =>
  withGateway({ settings: { clients: { settle_ms: 500 } } }, async ({ socketPath, root }) => {
    const socket = await connectTo(socketPath);
    const reply = readAll(socket);
    await sendPieces(socket, [hex('53 45 4E 44'), hex('2D 00'), hex('05 45'), hex('01'), hex('02')]);
    t.is((await reply).toString(), 'S');
    t.is(root.bodies[0]?.toString('hex'), '53454e442d0005450102');
  }));

test('a client that trickles for longer than the time-out is answered on what has arrived', (t) =>
  withGateway(
    { settings: { clients: { settle_ms: 400, request_timeout_ms: 500 } } },
    async ({ socketPath }) => {
      const socket = await connectTo(socketPath);
      const reply = readAll(socket);
      socket.write('W-LOGa');
      const trickle = setInterval(() => socket.write('a'), 100);
      t.is((await reply).toString(), 'S');
      clearInterval(trickle);
    },
  ));

test('a client that sends nothing gets a failure and is closed', (t) =>
  withGateway({ settings: { clients: { request_timeout_ms: 100 } } }, async ({ socketPath }) => {
    const reply = await readAll(await connectTo(socketPath));
    t.is(reply.toString('utf8', 2), 'Command Too Short');
  }));

test('an endless request is refused at the limit, not stored', (t) =>
  withGateway({ settings: { clients: { settle_ms: 1000 } } }, async ({ socketPath }) => {
    const socket = await connectTo(socketPath);
    const reply = readAll(socket);
    socket.write(Buffer.concat([Buffer.from('W-LOG'), Buffer.alloc(5_000_000, 'x')]));
    t.is((await reply).toString('utf8', 2), 'Request Too Long');
  }));

test('the longest valid request is served', (t) =>
  withGateway({}, async ({ socketPath }) => {
    t.is((await ask(socketPath, `W-LOG${'x'.repeat(1019)}`)).toString(), 'S');
    t.is((await ask(socketPath, `W-LOG${'x'.repeat(1020)}`)).toString('utf8', 2), 'Request Too Long');
  }));

test('a client beyond the limit is refused; when another has left there is room again', (t) =>
  withGateway({ settings: { clients: { max: 2 } } }, async ({ socketPath }) => {
    const first = await listenTo(socketPath);
    const second = await listenTo(socketPath);
    t.is((await ask(socketPath, 'ACT-C')).toString('utf8', 2), 'Too Many Clients');
    first.close();
    let answer = '';
    for (let round = 0; round < 50 && answer !== '5300'; round++) {
      answer = (await ask(socketPath, 'ACT-C')).toString('hex');
    }
    t.is(answer, '5300');
    second.close();
  }));

test('silent clients make room for others, the oldest first; a listening one stays', (t) =>
  withGateway({ settings: { clients: { max: 3, request_timeout_ms: 60_000 } } }, async ({ socketPath }) => {
    const listener = await listenTo(socketPath);
    const silent = [await connectTo(socketPath), await connectTo(socketPath)];
    silent[0]?.write('SEN');
    const answers = silent.map((socket) => readAll(socket));
    for (let round = 0; round < 3; round++) t.is((await ask(socketPath, 'ACT-C')).toString('hex'), '5300');
    t.is((await answers[0])?.toString('utf8', 2), 'Too Many Clients');
    silent[1]?.destroy();
    t.is((await ask(socketPath, 'W-LOGx')).toString(), 'S');
    listener.close();
  }));

test('a client that disappears in the middle of a command leaves no trace', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    for (const begun of ['', 'SEND', 'SEND-\0\x05', '[GET]\0\x05G', '[syn]', 'NINFO']) {
      const socket = await connectTo(socketPath);
      if (begun) await new Promise((resolve) => socket.write(begun, resolve));
      socket.destroy();
    }
    t.is((await ask(socketPath, 'ACT-C')).toString('hex'), '5300');
    t.deepEqual(root.bodies.map(String), ['NINFO']);
  }));

test('the complete command of a client that then disappears is carried out', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    const sent = root.nextBody();
    const socket = await connectTo(socketPath);
    socket.write('RST-R', () => socket.destroy());
    t.is(String(await sent), 'RST-R');
  }));

test('many clients at once are all answered', (t) =>
  withGateway({}, async ({ socketPath }) => {
    const replies = await Promise.all(Array.from({ length: 200 }, () => ask(socketPath, 'NSTAT')));
    t.is(new Set(replies.map(String)).size, 1);
  }));

test('SEND- is answered only once its frame has been written', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    root.getStuck();
    const socket = await connectTo(socketPath);
    let isAnswered = false;
    socket.on('data', () => {
      isAnswered = true;
    });
    socket.write('SEND-\0\x05E');
    await ask(socketPath, 'ACT-C');
    t.false(isAnswered);
    const reply = readAll(socket);
    root.hangUp();
    t.is((await reply).toString('utf8', 2), 'No Serial Connection');
  }));

function address(node: number): Buffer {
  return Buffer.of(node >> 8, node & 0xff);
}

test('an NINFO reply that fits into a client’s buffer is one write, however many nodes it has', (t) =>
  withGateway({}, async ({ socketPath, root }) => {
    for (let address = 5; address < 205; address++) root.say(Buffer.of(0, address, 0x41));
    const socket = await connectTo(socketPath);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    root.answerNext(['00 00 01 00']);
    socket.write('NINFO');
    await once(socket, 'close');
    t.is(chunks.length, 1);
    t.is(JSON.parse(String(chunks[0]?.subarray(1))).node_amount, 200);
  }));

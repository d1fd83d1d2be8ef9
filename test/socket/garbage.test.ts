import test from 'ava';
import fc from 'fast-check';
import { ask, connectTo, listenTo } from '../support/classic-client.js';
import { type GatewayFixture, startGateway } from '../support/gateway-fixture.js';

let fixture: GatewayFixture;

test.before(async () => {
  fixture = await startGateway({ settings: { clients: { request_timeout_ms: 200 } } });
});

test.after.always(() => fixture.close());

const RUNS = 150;

/** Commands, partial commands, and random bytes. */
const names = ['SEND-', 'SENDI', 'BCAST', 'NETIF', '[GET]', 'W-LOG', 'W-RBT', '[syn]', 'NSTAT', 'STATE'];
const garbage = fc
  .tuple(fc.constantFrom('', ...names), fc.uint8Array({ maxLength: 1200 }))
  .map(([name, tail]) => Buffer.concat([Buffer.from(name), tail]));

test('whatever clients send, and however they leave, the next one is served', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(garbage, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (pieces, ends) => {
        const socket = await connectTo(fixture.socketPath);
        socket.resume();
        for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
        if (ends) socket.end();
        else socket.destroy();
        return (await ask(fixture.socketPath, 'NSTAT'))[0] === 0x53;
      },
    ),
    { numRuns: RUNS },
  );
  t.pass();
});

test('whatever the root sends, listening clients stay and commands are served', async (t) => {
  const client = await listenTo(fixture.socketPath);
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 60 }),
      async (line, body) => {
        fixture.root.sayBytes(Buffer.from(line));
        fixture.root.say(Buffer.from(body));
        return (await ask(fixture.socketPath, 'NSTAT'))[0] === 0x53;
      },
    ),
    { numRuns: RUNS },
  );
  fixture.root.say('00 00 03');
  fixture.root.say('00 05 52 AB CD EF');
  await client.endsWith(Buffer.from('000552abcdef', 'hex'));
  t.pass();
  client.close();
});

test('a reply begins with S, or with F and its length', async (t) => {
  await fc.assert(
    fc.asyncProperty(garbage, async (request) => {
      if (request[0] === 0x7b || request.toString('latin1', 0, 6) === '[syn]\0') return true;
      const reply = await ask(fixture.socketPath, request, 'withShutdown');
      if (request.length === 0) return reply.length === 0;
      return reply[0] === 0x53 || (reply[0] === 0x46 && reply[1] === reply.length - 2);
    }),
    { numRuns: RUNS },
  );
  t.pass();
});

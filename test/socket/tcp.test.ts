import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import test from 'ava';
import { ask, connectTo, listenTo } from '../support/classic-client.js';
import { startGateway } from '../support/gateway-fixture.js';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Addresses of this machine that are not 127.0.0.1: all of 127.0.0.0/8 is, on Linux. */
function otherAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return ['127.0.0.2', ...all.flatMap(({ address, family }) => (family === 'IPv4' ? [address] : []))].filter(
    (address) => address !== '127.0.0.1',
  );
}

test.serial('the dialect is the same over TCP, on any number of ports', async (t) => {
  const [first, second] = [await freePort(), await freePort()];
  const fixture = await startGateway({ settings: { tcp: [first, second] } });
  for (const port of [first, second]) {
    t.is((await ask(port, 'ACT-C')).toString('hex'), '5300');
    t.is((await ask(port, 'ACT-C', 'withTwoTrailingZeros')).toString('hex'), '5300');
    t.is((await ask(port, 'HELLO')).toString('utf8', 2), 'Unknown Command');
    const client = await listenTo(port);
    fixture.root.say('00 05 52 00');
    t.is((await client.has(4)).toString('hex'), '00055200');
    client.close();
    await fixture.hub.commands.execute({ kind: 'clean' }, 'test');
  }
  await fixture.close();
  await t.throwsAsync(connectTo(first), { code: 'ECONNREFUSED' });
});

test.serial('TCP is served on 127.0.0.1 and on no other address of the machine', async (t) => {
  const port = await freePort();
  const fixture = await startGateway({ settings: { tcp: [port] } });
  for (const host of otherAddresses())
    await t.throwsAsync(connectTo({ host, port }), { code: 'ECONNREFUSED' }, host);
  t.is((await ask(port, 'ACT-C')).toString('hex'), '5300');
  await fixture.close();
});

import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ask, listenTo } from '../support/classic-client.js';
import { type GatewayFixture, startGateway, temporaryFolder } from '../support/gateway-fixture.js';

/** A gateway on `DIR/s`, and on `DIR/more` for the role read; the test removes DIR. */
async function start(t: ExecutionContext, directory: string): Promise<GatewayFixture> {
  const settings = {
    socket: join(directory, 's'),
    sockets: [{ path: join(directory, 'more'), role: 'read', mode: '0666' }],
  };
  const fixture = await startGateway({ settings, ownSocket: false, web: true });
  t.teardown(fixture.close);
  return fixture;
}

function folder(t: ExecutionContext): string {
  const { path, remove } = temporaryFolder();
  t.teardown(remove);
  return path;
}

const lost = ({ hub }: GatewayFixture) => hub.alarms.open().find(({ code }) => code === 'SOCKET_LOST');
const isServed = async (path: string) => (await ask(path, 'ACT-C')).toString('hex') === '5300';

test('removed socket files are created again with their access rights, and connected clients stay', async (t) => {
  const directory = folder(t);
  const fixture = await start(t, directory);
  const [main = '', more = ''] = ['s', 'more'].map((name) => join(directory, name));
  const client = await listenTo(main);
  rmSync(main);
  rmSync(more);
  await fixture.gateway.checkSockets();
  t.true(await isServed(main));
  t.is(lstatSync(more).mode & 0o777, 0o666);
  t.is(lost(fixture), undefined);
  t.true(fixture.logged.some((line) => line.includes(`${main} was removed; reopened it`)));
  fixture.root.say('00 05 52 00');
  t.is((await client.has(4)).toString('hex'), '00055200');
  await fixture.gateway.stop();
  t.false(existsSync(main));
  t.false(existsSync(more));
});

test('a directory that has disappeared is an alarm until it is there again', async (t) => {
  const directory = join(folder(t), 'run');
  mkdirSync(directory);
  const fixture = await start(t, directory);
  rmSync(directory, { recursive: true });
  await fixture.gateway.checkSockets();
  t.like(lost(fixture), { active: true, priority: 'high' });
  t.true(lost(fixture)?.text.includes('no such directory'));
  t.is(fixture.hub.health().ready, 'socketLost');
  const ready = await fetch(`http://${fixture.webHost}/readyz`);
  t.is(ready.status, 503);
  t.regex(await ready.text(), /^not ready: socketLost: /);
  mkdirSync(directory);
  await fixture.gateway.checkSockets();
  t.false(lost(fixture)?.active);
  t.is(fixture.hub.health().ready, undefined);
  t.true(await isServed(join(directory, 's')));
});

test("another program's socket in its place is left alone, even when the gateway stops", async (t) => {
  const directory = folder(t);
  const fixture = await start(t, directory);
  const path = join(directory, 's');
  const other = createServer((socket) => socket.once('data', () => socket.end('other'))).listen(
    join(directory, 'other'),
  );
  await once(other, 'listening');
  t.teardown(() => other.close());
  renameSync(join(directory, 'other'), path);
  await fixture.gateway.checkSockets();
  t.true(lost(fixture)?.text.includes('another program is already using'));
  t.is((await ask(path, 'ACT-C')).toString(), 'other');
  await fixture.gateway.stop();
  t.is((await ask(path, 'ACT-C')).toString(), 'other');
});

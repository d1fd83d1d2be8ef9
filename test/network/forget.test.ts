import test from 'ava';
import { NetworkFixture, netInfo } from '../support/network-fixture.js';

const QUIET = { refreshEveryMs: 0, rootSilentAfterMs: 1e9 };
const SECOND = 1000;
const HOUR = 3_600_000;
/** Node 0x1005, which is 5 with a bit flipped: it was heard once, and does not exist. */
const GHOST = '10 05 52 00';

const alarms = ({ hub }: NetworkFixture) =>
  hub.alarms.open().map(({ id, active }) => (active ? id : `${id} over`));
const addresses = ({ hub }: NetworkFixture) => hub.picture.nodes().map(({ address }) => address);

test('a forgotten node is removed with its values and alarms, with an event, and comes back when it is heard', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 44 01 00 07', '00 05 44 01');
  await fixture.pass(181 * SECOND);
  t.deepEqual(alarms(fixture), ['MALFORMED_DATA:5 over', 'NODE_DISCONNECTED:5']);
  fixture.forget();
  t.true(fixture.hub.commands.forget(5));
  t.deepEqual(addresses(fixture), []);
  t.deepEqual(alarms(fixture), []);
  t.is(fixture.hub.picture.latest(5, 0), undefined);
  t.true(
    fixture.events.some((event) => event.kind === 'node' && event.node === 5 && event.change === 'forgotten'),
  );
  const closed = fixture.events.filter((event) => event.kind === 'alarm').map(({ alarm }) => alarm);
  t.true(closed.length >= 2);
  t.false(fixture.hub.commands.forget(5), 'nothing remains of it');
  fixture.say('00 05 52 00');
  t.like(fixture.hub.picture.findNode(5), { status: 'active', latest: { length: 0 } });
  fixture.hub.commands.forget(5);
  fixture.say(netInfo(5));
  t.is(fixture.hub.picture.findNode(5)?.status, 'unheard');
});

test('an address that the root never lists, while it lists others, raises no alarm', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say(netInfo(5), '00 05 52 00', GHOST, '10 06 44 01');
  await fixture.pass(600 * SECOND);
  t.deepEqual(alarms(fixture), ['NODE_DISCONNECTED:5']);
  t.is(fixture.hub.picture.findNode(0x1005)?.status, 'disconnected');
  t.true(
    fixture.hub.picture.explainNode(0x1005)?.some((fact) => fact.startsWith('never listed by the root')),
  );
});

test('if the root sends no list, or an empty one, its nodes still raise alarms', async (t) => {
  for (const list of [[], ['00 00 01 00']]) {
    const fixture = await NetworkFixture.up(QUIET);
    fixture.say(...list, '00 05 52 00', '00 06 44 01');
    await fixture.pass(181 * SECOND);
    t.deepEqual(alarms(fixture).sort(), [
      'MALFORMED_DATA:6 over',
      'NODE_DISCONNECTED:5',
      'NODE_DISCONNECTED:6',
    ]);
  }
});

test('the first list closes the alarms of addresses that are not on it', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say('00 05 52 00', GHOST);
  await fixture.pass(181 * SECOND);
  t.deepEqual(alarms(fixture).sort(), ['NODE_DISCONNECTED:4101', 'NODE_DISCONNECTED:5']);
  fixture.say(netInfo(5));
  t.deepEqual(alarms(fixture), ['NODE_DISCONNECTED:5']);
});

test('a silent node that the root lists at last raises its alarm then', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say(netInfo(5), '00 05 52 00', '00 06 52 00');
  await fixture.pass(181 * SECOND);
  t.deepEqual(alarms(fixture), ['NODE_DISCONNECTED:5']);
  fixture.say(netInfo(5, 6));
  t.deepEqual(alarms(fixture), ['NODE_DISCONNECTED:5', 'NODE_DISCONNECTED:6']);
});

test('sending its own uuid does not make a node listed', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say(netInfo(5), `10 05 02 ${'AB '.repeat(16).trim()}`);
  t.is(fixture.hub.picture.findNode(0x1005)?.uuid?.length, 16);
  await fixture.pass(181 * SECOND);
  t.deepEqual(alarms(fixture), []);
});

test('an address that was never listed is forgotten after a day of silence, a listed one is not', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  fixture.say(netInfo(5), GHOST);
  fixture.clock.advance(23 * HOUR);
  t.deepEqual(addresses(fixture), [5, 0x1005]);
  fixture.clock.advance(HOUR);
  t.deepEqual(addresses(fixture), [5]);
});

test('the last 256 silent addresses that were never listed are kept', async (t) => {
  const fixture = await NetworkFixture.up(QUIET);
  const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');
  const contact = (address: number) => `${hex(address >> 8)} ${hex(address & 0xff)} 52 00`;
  fixture.say(netInfo(5));
  for (let index = 0; index < 300; index++) fixture.say(contact(0x2000 + index));
  await fixture.pass(100 * SECOND);
  t.is(fixture.hub.picture.nodes().length, 301, 'recently heard ones are kept');
  await fixture.pass(100 * SECOND);
  t.is(fixture.hub.picture.nodes().length, 257);
});

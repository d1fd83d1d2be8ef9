import test from 'ava';
import { settled } from '../support/manual-clock.js';
import { netInfo } from '../support/network-fixture.js';
import { SessionFixture } from '../support/session-fixture.js';

const LIMIT = 4000;

/** A value of one node, reported repeatedly. */
function sayValues(fixture: SessionFixture, amount: number): void {
  for (let index = 0; index < amount; index++) {
    fixture.mesh.say(`00 0${5 + (index % 2)} 44 01 00 ${byte(index)}`);
  }
}

function byte(value: number): string {
  return (value & 0xff).toString(16).toUpperCase().padStart(2, '0');
}

async function openStalled(params: object): Promise<SessionFixture> {
  const fixture = await SessionFixture.open({ outboxLimit: LIMIT });
  fixture.mesh.say('00 05 52 00', '00 06 52 00');
  await fixture.subscribe(params);
  fixture.transport.stopReading();
  return fixture;
}

async function catchUp({ transport, mesh }: SessionFixture): Promise<void> {
  transport.readAgain();
  await mesh.pass(100);
}

test('a client that does not read has at most the limit and one message queued', async (t) => {
  const fixture = await openStalled({});
  sayValues(fixture, 1000);
  t.true(fixture.transport.waitingBytes < LIMIT + 500, String(fixture.transport.waitingBytes));
});

test('a client that reads again gets one gap with the exact range, then the latest values', async (t) => {
  const fixture = await openStalled({ kinds: ['value'] });
  const first = fixture.mesh.hub.feed.lastSeq();
  sayValues(fixture, 1000);
  const last = fixture.mesh.hub.feed.lastSeq();
  await catchUp(fixture);
  const events = fixture.events();
  const [gap] = fixture.gaps();
  t.is(fixture.gaps().length, 1);
  const before = events.filter(({ seq }) => seq < (gap?.from ?? 0));
  const following = events.filter(({ seq }) => seq >= (gap?.from ?? 0));
  t.is(following.length, 2);
  t.deepEqual(
    following.map((event) => event.kind === 'value' && event.value.bytes),
    [byte(998).toLowerCase(), byte(999).toLowerCase()],
  );
  t.deepEqual(gap, {
    subscription: '1',
    from: (before.at(-1)?.seq ?? 0) + 2,
    to: last - 1,
    dropped: 0,
    coalesced: 1000 - before.length - 2,
  });
  t.like(fixture.tally, { dropped: 0, coalesced: gap?.coalesced });
  t.true((before[0]?.seq ?? 0) > first);
});

test('other events are dropped and counted, and later events follow the gap', async (t) => {
  const fixture = await openStalled({ kinds: ['console'] });
  for (let line = 0; line < 500; line++) fixture.mesh.network.onConsoleLine(String(line));
  const last = fixture.mesh.hub.feed.lastSeq();
  await catchUp(fixture);
  fixture.mesh.network.onConsoleLine('next');
  const [gap] = fixture.gaps();
  const numbers = fixture.events().map(({ seq }) => seq);
  t.deepEqual(gap, {
    subscription: '1',
    from: last - 499 + numbers.length - 1,
    to: last,
    dropped: 500 - (numbers.length - 1),
    coalesced: 0,
  });
  t.like(fixture.tally, { dropped: gap?.dropped, coalesced: 0 });
  t.is(numbers.at(-1), last + 1);
  t.is(fixture.received.at(-1)?.method, 'event');
  t.is(fixture.received.at(-2)?.method, 'gap');
});

test('values that were only late, not lost, come without a gap', async (t) => {
  const fixture = await openStalled({ kinds: ['value', 'console'] });
  while (!fixture.transport.isPaused) fixture.mesh.network.onConsoleLine('fill');
  fixture.mesh.say('00 05 44 01 00 01', '00 06 44 01 00 02');
  await catchUp(fixture);
  t.deepEqual(fixture.gaps(), []);
  t.is(fixture.events().filter(({ kind }) => kind === 'value').length, 2);
});

test('latest values that exceed the limit are sent piece by piece, after one gap', async (t) => {
  const fixture = await openStalled({ kinds: ['value'] });
  const say = (value: string) => {
    for (let node = 16; node < 116; node++) fixture.mesh.say(`00 ${byte(node)} 44 01 00 ${value}`);
  };
  say('01');
  say('02');
  fixture.transport.take();
  for (let round = 0; round < 40; round++) {
    await fixture.mesh.pass(100);
    fixture.transport.take();
  }
  const latest = fixture.events().filter((event) => event.kind === 'value' && event.value.bytes === '02');
  t.is(fixture.gaps().length, 1);
  t.is(latest.length, 100);
});

test('a subscription with a minimum interval keeps its latest values for a slow reader, without a gap', async (t) => {
  const fixture = await openStalled({ kinds: ['value'], minIntervalMs: 1000 });
  fixture.mesh.say('00 05 44 01 00 01', '00 05 44 01 00 02');
  while (!fixture.transport.isPaused) fixture.post('dataTypes');
  await fixture.mesh.pass(1500);
  fixture.mesh.say('00 05 44 01 00 03');
  await catchUp(fixture);
  t.deepEqual(fixture.gaps(), []);
  t.deepEqual(
    fixture.events().map((event) => event.kind === 'value' && event.value.bytes),
    ['01', '03'],
  );
});

test('requests of a client that is backed up are queued, and none is lost', async (t) => {
  const fixture = await openStalled({ kinds: ['console'] });
  for (let line = 0; line < 500; line++) fixture.mesh.network.onConsoleLine(String(line));
  t.true(fixture.transport.isPaused);
  const ids = [1, 2, 3].map(() => fixture.post('log', { text: 'hello' }));
  await settled();
  const logged = () => fixture.mesh.events.filter(({ kind }) => kind === 'traffic').length;
  t.is(logged(), 0);
  await catchUp(fixture);
  await settled();
  t.is(logged(), 3);
  for (const id of ids) t.deepEqual(fixture.replyTo(id)?.result, {});
  t.false(fixture.transport.isPaused);
});

test('replies are bounded too: a client that sends requests and does not read is read from no further', async (t) => {
  const fixture = await SessionFixture.open({ outboxLimit: 200_000 });
  fixture.mesh.say(netInfo(...Array.from({ length: 40 }, (_, index) => index + 5)));
  for (let node = 45; node < 600; node++) fixture.mesh.say(`${byte(node >> 8)} ${byte(node)} 52 00`);
  fixture.transport.stopReading();
  const ids = Array.from({ length: 30 }, () => fixture.post('nodes'));
  await settled();
  t.true(fixture.session.waitingBytes < 400_000, String(fixture.session.waitingBytes));
  for (let round = 0; round < 70; round++) {
    fixture.transport.take();
    await fixture.mesh.pass(100);
  }
  t.true(ids.every((id) => fixture.replyTo(id)?.result !== undefined));
  t.deepEqual(fixture.closings, []);
});

test('a large reply does not make a client slow', async (t) => {
  const fixture = await SessionFixture.open({ outboxLimit: 50_000 });
  for (let node = 5; node < 1000; node++) fixture.mesh.say(`${byte(node >> 8)} ${byte(node)} 52 00`);
  await fixture.subscribe({ kinds: ['console'] });
  fixture.transport.stopReading();
  fixture.post('nodes');
  t.true(fixture.session.waitingBytes > 65_536);
  await fixture.mesh.pass(60_000);
  fixture.mesh.network.onConsoleLine('still here');
  t.deepEqual(fixture.closings, []);
  await catchUp(fixture);
  t.deepEqual(fixture.gaps(), []);
  t.is(fixture.events().length, 1);
});

test('a client that is backed up for 10 s is closed with the reason, and not earlier', async (t) => {
  const fixture = await openStalled({ kinds: ['console'] });
  for (let line = 0; line < 500; line++) fixture.mesh.network.onConsoleLine(String(line));
  await fixture.mesh.pass(9900);
  t.deepEqual(fixture.closings, []);
  await fixture.mesh.pass(200);
  t.deepEqual(fixture.closings, ['SLOW_READER']);
  fixture.transport.readAgain();
  const last = fixture.received.at(-1);
  t.is(last?.method, 'closing');
  t.is(last?.params.reason, 'SLOW_READER');
});

test('a client that catches up in time gets a fresh 10 s', async (t) => {
  const fixture = await openStalled({ kinds: ['console'] });
  for (let times = 0; times < 3; times++) {
    for (let line = 0; line < 500; line++) fixture.mesh.network.onConsoleLine(String(line));
    await fixture.mesh.pass(9900);
    fixture.transport.take();
    await fixture.mesh.pass(100);
  }
  fixture.transport.readAgain();
  t.deepEqual(fixture.closings, []);
  t.is(fixture.gaps().length, 3);
});

test('one client that does not read does not affect the others', async (t) => {
  const fixture = await openStalled({ kinds: ['console'] });
  const heard: number[] = [];
  fixture.mesh.hub.feed.subscribe(({ seq }) => heard.push(seq));
  for (let line = 0; line < 500; line++) fixture.mesh.network.onConsoleLine(String(line));
  await fixture.mesh.pass(20_000);
  fixture.mesh.network.onConsoleLine('after');
  t.is(heard.length, 501);
});

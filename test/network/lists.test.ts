import test from 'ava';
import { settled } from '../support/manual-clock.js';
import { NetworkFixture, netInfo, pathInfo } from '../support/network-fixture.js';

const NO_REFRESH = { refreshEveryMs: 0 };
const FRESH = { ok: true, fresh: true };
const FROM_MEMORY = { ok: true, fresh: false };

const range = (first: number, amount: number) => Array.from({ length: amount }, (_, index) => first + index);

/** Whether a promise is settled, and how. */
function watch<Value>(promise: Promise<Value>) {
  const seen: { value?: Value } = {};
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

test('the root is queried as soon as the link is open, then every 5 s until it is heard', async (t) => {
  const fixture = new NetworkFixture();
  fixture.link('opening');
  await fixture.pass(60_000);
  t.deepEqual(fixture.sent, []);
  fixture.link('probing');
  t.deepEqual(fixture.sent, ['NINFO']);
  for (let asked = 2; asked <= 4; asked++) {
    await fixture.pass(5000);
    t.is(fixture.sent.length, asked);
  }
});

test('while the link is up the list is refreshed at the configured interval; not after it is lost', async (t) => {
  const fixture = await NetworkFixture.up();
  await fixture.pass(29_999);
  t.deepEqual(fixture.sent, []);
  await fixture.pass(1);
  t.deepEqual(fixture.sent, ['NINFO']);
  await fixture.pass(30_000);
  t.is(fixture.sent.length, 2);
  fixture.link('backingOff');
  await fixture.pass(120_000);
  t.is(fixture.sent.length, 2);
});

test('with an interval of 0 the list is refreshed only when a client asks', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  await fixture.pass(3_600_000);
  t.deepEqual(fixture.sent, []);
});

test('a silent node is missing after two refreshed lists, long before 180 s', async (t) => {
  const fixture = await NetworkFixture.up();
  fixture.say('00 05 52 00');
  for (const status of ['active', 'disconnected'] as const) {
    await fixture.pass(30_000);
    fixture.say(netInfo(6));
    t.is(fixture.hub.picture.findNode(5)?.status, status);
  }
});

test('no answer from the root does not count as a list without the node', async (t) => {
  const fixture = await NetworkFixture.up();
  fixture.say('00 05 52 00');
  await fixture.pass(150_000);
  t.is(fixture.hub.picture.findNode(5)?.status, 'idle');
});

for (const [kind, question, answer] of [
  ['refreshNodes', 'NINFO', netInfo(5)],
  ['refreshPaths', 'GETDF', pathInfo(1)],
] as const) {
  test(`${question} is fresh when the root answers within 2 s`, async (t) => {
    const fixture = await NetworkFixture.up(NO_REFRESH);
    const outcome = watch(fixture.hub.commands.execute({ kind }, 'test'));
    t.deepEqual(fixture.sent, [question]);
    await fixture.pass(1999);
    t.is(outcome.value, undefined);
    fixture.say(answer);
    await settled();
    t.deepEqual(outcome.value, FRESH);
  });

  test(`${question} is from memory when the root has not answered after 2 s`, async (t) => {
    const fixture = await NetworkFixture.up(NO_REFRESH);
    const outcome = watch(fixture.hub.commands.execute({ kind }, 'test'));
    await fixture.pass(1999);
    t.is(outcome.value, undefined);
    await fixture.pass(1);
    t.deepEqual(outcome.value, FROM_MEMORY);
  });

  test(`${question} that cannot be sent is from memory at once`, async (t) => {
    for (const failure of ['noLink', 'queueFull', 'linkLost'] as const) {
      const fixture = await NetworkFixture.up(NO_REFRESH);
      fixture.failure = failure;
      const outcome = watch(fixture.hub.commands.execute({ kind }, 'test'));
      await settled();
      t.deepEqual(outcome.value, FROM_MEMORY, failure);
    }
  });

  test(`${question} by several clients is sent once, and all get its answer`, async (t) => {
    const fixture = await NetworkFixture.up(NO_REFRESH);
    const outcomes = range(0, 10).map((client) =>
      watch(fixture.hub.commands.execute({ kind }, `client ${client}`)),
    );
    t.deepEqual(fixture.sent, [question]);
    fixture.say(answer);
    await settled();
    t.true(outcomes.every(({ value }) => value?.ok && value.fresh));
    void fixture.hub.commands.execute({ kind }, 'later');
    t.deepEqual(fixture.sent, [question, question]);
  });

  test(`after a ${question} without an answer the next one is sent again`, async (t) => {
    const fixture = await NetworkFixture.up(NO_REFRESH);
    void fixture.hub.commands.execute({ kind }, 'test');
    await fixture.pass(2000);
    const second = watch(fixture.hub.commands.execute({ kind }, 'test'));
    fixture.say(answer);
    await settled();
    t.deepEqual(second.value, FRESH);
    t.is(fixture.sent.length, 2);
  });
}

test('a batch of 40 nodes may be followed by another: the list ends with one that is not full', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  const outcome = watch(fixture.hub.commands.execute({ kind: 'refreshNodes' }, 'test'));
  fixture.say(netInfo(...range(5, 40)), netInfo(...range(45, 40)));
  await settled();
  t.is(outcome.value, undefined);
  fixture.say(netInfo(85));
  await settled();
  t.deepEqual(outcome.value, FRESH);
  t.is(fixture.hub.picture.nodes().length, 81);
});

test('a batch of 40 that nothing follows ends the list after 300 ms', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  const outcome = watch(fixture.hub.commands.execute({ kind: 'refreshNodes' }, 'test'));
  fixture.say(netInfo(...range(5, 40)));
  await fixture.pass(299);
  t.is(outcome.value, undefined);
  await fixture.pass(1);
  t.deepEqual(outcome.value, FRESH);
});

test('no node on a list of several batches is missing', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  for (let round = 0; round < 5; round++) {
    fixture.say(netInfo(...range(5, 40)), netInfo(...range(45, 40)), netInfo(...range(85, 10)));
  }
  t.true(fixture.hub.picture.nodes().every(({ status }) => status === 'unheard'));
});

test('a list cut short by the link is discarded, and its rest does not join the next one', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say(netInfo(...range(5, 40)), netInfo(45));
  for (let round = 0; round < 3; round++) {
    fixture.say(netInfo(...range(5, 40)));
    fixture.link('backingOff');
    await fixture.pass(1000);
    fixture.link('probing');
    fixture.link('up');
  }
  t.is(fixture.hub.picture.findNode(45)?.status, 'unheard');
});

test('when the link is reopened the root is queried, even if an earlier query was not answered', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  const old = watch(fixture.hub.commands.execute({ kind: 'refreshNodes' }, 'test'));
  fixture.link('backingOff');
  await fixture.pass(250);
  t.deepEqual(old.value, FROM_MEMORY);
  fixture.link('probing');
  t.deepEqual(fixture.sent, ['NINFO', 'NINFO']);
});

test('when the root has restarted it is queried, even if an earlier query was not answered', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  void fixture.hub.commands.execute({ kind: 'refreshNodes' }, 'test');
  fixture.say('00 00 03');
  await settled();
  t.deepEqual(fixture.sent, ['NINFO', 'NINFO']);
});

test('an unsolicited list counts as well', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say(netInfo(5, 6));
  t.deepEqual(fixture.statuses(), ['5 unheard', '6 unheard']);
});

test('new paths replace the previous ones; a count of 0 means that there are none', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say(pathInfo(2));
  t.deepEqual(fixture.hub.picture.paths(), [
    { origin: 5, target: 1 },
    { origin: 6, target: 1 },
  ]);
  fixture.say(pathInfo(1, 9));
  t.deepEqual(fixture.hub.picture.paths(), [{ origin: 9, target: 1 }]);
  fixture.say(pathInfo(0));
  t.deepEqual(fixture.hub.picture.paths(), []);
});

test('more than 40 paths come in batches', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say(pathInfo(40), pathInfo(3, 45));
  t.is(fixture.hub.picture.paths().length, 43);
});

test('paths of a batch of 40 that CLEAN interrupts do not come back', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say(pathInfo(40));
  await fixture.hub.commands.execute({ kind: 'clean' }, 'test');
  await fixture.pass(1000);
  t.deepEqual(fixture.hub.picture.paths(), []);
});

test('a list with an unreadable batch is discarded: no node is missing, and the answer is not fresh', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  fixture.say(netInfo(...range(5, 40)), netInfo(45));
  for (let round = 0; round < 3; round++) {
    const refreshed = watch(fixture.hub.commands.execute({ kind: 'refreshNodes' }, 'test'));
    fixture.say(netInfo(...range(5, 40)), '00 00 01 02 00');
    await fixture.pass(1000);
    t.deepEqual(refreshed.value, FROM_MEMORY);
  }
  t.is(fixture.hub.picture.findNode(45)?.status, 'unheard');
});

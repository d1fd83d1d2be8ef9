import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { type Pause, Turns, type Work } from '../../src/base/turns.js';
import { ManualClock } from '../support/manual-clock.js';

/** Steps that take some ms each and report their name. */
function* steps(clock: ManualClock, ms: number, pauses: readonly Pause[], did: (step: number) => void): Work {
  for (const [index, pause] of pauses.entries()) {
    clock.advance(ms);
    did(index);
    yield pause;
  }
}

async function untilDone(isDone: () => boolean): Promise<void> {
  while (!isDone()) await nextTurn();
}

test('work that takes no time is done at once', (t) => {
  const clock = new ManualClock();
  const did: number[] = [];
  new Turns(clock).lane().add(steps(clock, 0, ['next', 'long', 'more'], (step) => did.push(step)));
  t.deepEqual(did, [0, 1, 2]);
});

test('a client with a small request goes before the rest of a large one', async (t) => {
  const clock = new ManualClock();
  const turns = new Turns(clock);
  const did: string[] = [];
  const note = (name: string) => (step: number) => did.push(`${name}${step}`);
  turns.lane().add(steps(clock, 1, new Array<Pause>(50).fill('next'), note('much')));
  t.true(did.length < 10, String(did.length));
  turns.lane().add(steps(clock, 1, ['next'], note('little')));
  await untilDone(() => did.length === 51);
  t.true(did.indexOf('little0') < 15, did.join());
});

test('two clients with large requests take turns, request by request', async (t) => {
  const clock = new ManualClock();
  const turns = new Turns(clock);
  const did: string[] = [];
  for (const name of ['a', 'b']) {
    turns.lane().add(steps(clock, 3, new Array<Pause>(20).fill('next'), () => did.push(name)));
  }
  await untilDone(() => did.length === 40);
  t.regex(did.slice(2, 36).join(''), /^(ab|ba)+$/);
});

test('long requests are finished one after the other', async (t) => {
  const clock = new ManualClock();
  const turns = new Turns(clock);
  const did: string[] = [];
  const pauses: Pause[] = ['long', 'more', 'more', 'more', 'next'];
  for (const name of ['a', 'b', 'c']) {
    turns.lane().add(steps(clock, 3, pauses, (step) => did.push(`${name}${step}`)));
  }
  await untilDone(() => did.length === 15);
  const inMiddle = did.filter((step) => Number(step[1]) > 0).join();
  for (const name of ['a', 'b', 'c'])
    t.true(inMiddle.includes([1, 2, 3, 4].map((step) => name + step).join()));
});

test('a long request waits while it may not begin, and holds up nothing else', (t) => {
  const clock = new ManualClock();
  const turns = new Turns(clock);
  const did: string[] = [];
  let mayBegin = false;
  turns.lane(() => mayBegin).add(steps(clock, 0, ['long', 'more'], (step) => did.push(`long${step}`)));
  turns.lane().add(steps(clock, 0, ['next'], () => did.push('other')));
  t.deepEqual(did, ['long0', 'other']);
  mayBegin = true;
  turns.wake();
  t.deepEqual(did, ['long0', 'other', 'long1']);
});

test('the work of a client that has gone is dropped, and what it had begun is cleaned up', (t) => {
  const clock = new ManualClock();
  let isClean = false;
  function* work(): Work {
    try {
      yield 'long';
      t.fail();
    } finally {
      isClean = true;
    }
  }
  const lane = new Turns(clock).lane(() => false);
  lane.add(work());
  lane.close();
  t.true(isClean);
});

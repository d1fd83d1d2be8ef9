import test from 'ava';
import { ByteBudget } from '../../src/api/byte-budget.js';
import type { Role } from '../../src/config/role.js';
import { ManualClock } from '../support/manual-clock.js';

function setUp(graceMs: number) {
  const clock = new ManualClock();
  let rooms = 0;
  const budget = new ByteBudget(clock, { limit: 100, graceMs }, () => rooms++);
  const closed: string[] = [];
  const open = (name: string, role: Role = 'admin') => {
    const client = { bytes: 0 };
    const share = budget.open(
      role,
      () => client.bytes,
      () => closed.push(name),
    );
    const set = (bytes: number) => {
      const added = Math.max(0, bytes - client.bytes);
      client.bytes = bytes;
      share.update(added);
    };
    return { share, set };
  };
  return { clock, open, closed, rooms: () => rooms };
}

test('over the limit, the client that has held the most for the longest is closed, not the newest', (t) => {
  const { clock, open, closed } = setUp(0);
  open('old and small').set(5);
  clock.advance(10);
  open('old and large').set(60);
  clock.advance(1000);
  open('new and large').set(30);
  open('new and small').set(10);
  t.deepEqual(closed, ['old and large']);
});

test('a client that shrinks within the grace time is not closed, whatever the others hold', (t) => {
  const { clock, open, closed, rooms } = setUp(1000);
  const reader = open('reader');
  const stalled = open('stalled');
  reader.set(90);
  stalled.set(20);
  t.true(reader.share.isExhausted);
  t.deepEqual(closed, []);
  for (let passed = 0; passed < 900; passed += 100) {
    clock.advance(100);
    reader.set(90 - passed / 100);
  }
  reader.set(90);
  t.deepEqual(closed, []);
  clock.advance(100);
  t.deepEqual(closed, ['stalled']);
  t.false(reader.share.isExhausted);
  t.is(rooms(), 1);
});

test('clients of one role do not use up the budget of another', (t) => {
  const { clock, open, closed } = setUp(0);
  const admin = open('admin', 'admin');
  admin.set(90);
  clock.advance(5000);
  for (let index = 0; index < 20; index++) open(`reader ${index}`, 'read').set(20);
  t.is(closed.length, 15);
  t.false(closed.includes('admin'));
  t.false(admin.share.isExhausted);
});

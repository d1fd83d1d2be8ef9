import test from 'ava';
import { Recoveries } from '../../soak/account/recoveries.js';

test('recovery from a fault ends when a frame sent after its end is delivered', (t) => {
  const recoveries = new Recoveries();
  recoveries.onOver('hangUps', 1000);
  recoveries.onDelivered(900, 1100);
  t.is(recoveries.of('hangUps'), undefined);
  t.deepEqual(recoveries.open, ['hangUps']);
  recoveries.onDelivered(1500, 1700);
  t.deepEqual(recoveries.of('hangUps'), { count: 1, medianMs: 700, longestMs: 700 });
  t.deepEqual(recoveries.open, []);
});

test('median and longest are over all faults of the kind', (t) => {
  const recoveries = new Recoveries();
  for (const ms of [30, 10, 500]) {
    recoveries.onOver('bytes', 1000);
    recoveries.onDelivered(1000, 1000 + ms);
  }
  t.deepEqual(recoveries.of('bytes'), { count: 3, medianMs: 30, longestMs: 500 });
  t.is(recoveries.of('resets'), undefined);
});

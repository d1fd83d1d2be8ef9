import test from 'ava';
import fc from 'fast-check';
import { Pacer } from '../../src/uart/pacer.js';

const SETTINGS = { bytes: 1000, windowMs: 1000 };

test('bytes that fit into the window go out at once', (t) => {
  const pacer = new Pacer(SETTINGS);
  t.is(pacer.delayFor(600, 0), 0);
  pacer.spend(600, 0);
  t.is(pacer.delayFor(400, 10), 0);
});

test('bytes that do not fit wait until enough of the oldest have left the window', (t) => {
  const pacer = new Pacer(SETTINGS);
  pacer.spend(300, 0);
  pacer.spend(300, 100);
  pacer.spend(300, 200);
  t.is(pacer.delayFor(100, 250), 0);
  t.is(pacer.delayFor(101, 250), 750);
  t.is(pacer.delayFor(400, 250), 750);
  t.is(pacer.delayFor(401, 250), 850);
  t.is(pacer.delayFor(1000, 250), 950);
});

test('bytes spent a window ago no longer count', (t) => {
  const pacer = new Pacer(SETTINGS);
  pacer.spend(1000, 5);
  t.is(pacer.delayFor(1, 1004), 1);
  t.is(pacer.delayFor(1000, 1005), 0);
});

test('a frame above the limit waits until it is alone, and is then sent', (t) => {
  const pacer = new Pacer(SETTINGS);
  t.is(pacer.delayFor(1500, 0), 0);
  pacer.spend(10, 0);
  t.is(pacer.delayFor(1500, 200), 800);
  t.is(pacer.delayFor(1500, 1000), 0);
});

test('0 bytes turn pacing off', (t) => {
  const pacer = new Pacer({ bytes: 0, windowMs: 1000 });
  pacer.spend(100_000, 0);
  t.is(pacer.delayFor(100_000, 0), 0);
});

test('waiting as the pacer says never lets more than the limit into any window', (t) => {
  const step = fc.record({ length: fc.integer({ min: 1, max: 1000 }), pause: fc.nat(1500) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const pacer = new Pacer(SETTINGS);
      const sent: { at: number; length: number }[] = [];
      let now = 0;
      for (const { length, pause } of steps) {
        now += pause;
        now += pacer.delayFor(length, now);
        pacer.spend(length, now);
        sent.push({ at: now, length });
      }
      return sent.every(({ at: end }) => {
        const inWindow = sent.filter(({ at }) => at <= end && at > end - SETTINGS.windowMs);
        return inWindow.reduce((sum, { length }) => sum + length, 0) <= SETTINGS.bytes;
      });
    }),
  );
  t.pass();
});

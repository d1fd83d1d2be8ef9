import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, rawClock } from '../../src/base/clock.js';

/** Turns of the event loop in which sockets are read before a timer runs. */
const TURNS = 20;

/** Time runs `factor` times as fast, but sockets have their turn before each timer: for pauses and time-outs of seconds. */
export function fastClock(factor: number): Clock {
  return {
    now: () => rawClock.now(),
    monotonic: () => rawClock.monotonic() * factor,
    after(ms, task) {
      let isCancelled = false;
      const cancel = rawClock.after(ms / factor, async () => {
        for (let turn = 0; turn < TURNS && !isCancelled; turn++) await nextTurn();
        if (!isCancelled) task();
      });
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };
}

import test from 'ava';
import { Stopping } from '../../src/base/stopping.js';

const never = () => new Promise<void>(() => {});

test('a step that fails or exceeds its limit is named and does not hold up the others', async (t) => {
  const stopping = new Stopping();
  const ended: string[] = [];
  await stopping.run(
    { what: 'stuck', limitMs: 20, stop: never },
    { what: 'broken', limitMs: 1000, stop: () => Promise.reject(new Error('no space')) },
    {
      what: 'thrower',
      limitMs: 1000,
      stop: () => {
        throw new Error('at once');
      },
    },
    { what: 'absent', limitMs: 1000, stop: () => undefined },
    { what: 'good', limitMs: 1000, stop: async () => void ended.push('good') },
  );
  await stopping.run({ what: 'next', limitMs: 1000, stop: async () => void ended.push('next') });
  t.deepEqual(ended, ['good', 'next']);
  t.deepEqual([...stopping.unfinished].sort(), [
    'broken: no space',
    'stuck: timed out after 0.0 s',
    'thrower: at once',
  ]);
});

test('all steps together have a limit', async (t) => {
  const stopping = new Stopping(30);
  for (const what of ['first', 'second', 'third']) {
    await stopping.run({ what, limitMs: 3_600_000, stop: never });
  }
  t.is(stopping.unfinished.length, 3);
  t.is(stopping.remainingMs, 0);
});

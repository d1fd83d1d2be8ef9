import test from 'ava';
import { Random } from '../../src/simulator/random.js';

const draws = (random: Random) => Array.from({ length: 50 }, () => random.float());

test('the same seed and path give the same numbers', (t) => {
  t.deepEqual(draws(Random.of(1, 5, 'motion')), draws(Random.of(1, 5, 'motion')));
});

test('another seed, address or purpose gives other numbers', (t) => {
  const first = draws(Random.of(1, 5, 'motion'));
  for (const other of [Random.of(2, 5, 'motion'), Random.of(1, 6, 'motion'), Random.of(1, 5, 'up')]) {
    t.notDeepEqual(draws(other), first);
  }
});

test('numbers fill their range evenly and never leave it', (t) => {
  const random = Random.of(7);
  const counts = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 10_000; draw++) {
    const number = random.int(0, 9);
    counts[number] = (counts[number] ?? 0) + 1;
  }
  t.is(counts.length, 10);
  t.true(counts.every((count) => count > 850 && count < 1150));
});

test('a chance of 0 never happens and one of 1 always does', (t) => {
  const random = Random.of(3);
  for (let draw = 0; draw < 1000; draw++) {
    t.false(random.chance(0));
    t.true(random.chance(1));
  }
});

test('gaussian numbers have the right mean and deviation', (t) => {
  const random = Random.of(9);
  const numbers = Array.from({ length: 20_000 }, () => random.gaussian(10, 2));
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const variance = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / numbers.length;
  t.true(Math.abs(mean - 10) < 0.1);
  t.true(Math.abs(Math.sqrt(variance) - 2) < 0.1);
});

test('exponential waits have the right mean', (t) => {
  const random = Random.of(11);
  const sum = Array.from({ length: 20_000 }, () => random.exponential(50)).reduce((a, b) => a + b, 0);
  t.true(Math.abs(sum / 20_000 - 50) < 2);
});

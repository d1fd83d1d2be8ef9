import test from 'ava';
import { readCorpus } from '../../fuzz/corpus.js';
import { fuzzTarget } from '../../fuzz/fuzz-target.js';
import { targets } from '../../fuzz/targets/index.js';

/** Enough to notice a regression; `npm run fuzz` runs longer. */
const EXECUTIONS = 1500;

for (const target of targets) {
  test(`${target.name}: every input of the corpus is accepted or refused`, async (t) => {
    const seeds = readCorpus(target.name);
    t.true(seeds.length > 0);
    for (const { name, bytes } of seeds) {
      await t.notThrowsAsync(async () => target.run(bytes), name);
    }
  });

  test.serial(`${target.name}: so are random mutations of it, and nothing is retained`, async (t) => {
    const { failure, executions, outcomes } = await fuzzTarget(target, {
      seed: 1,
      shouldContinue: (done) => done < EXECUTIONS,
    });
    t.is(
      failure,
      undefined,
      failure && `${failure.error} by ${failure.input.toString('hex').slice(0, 2000)}`,
    );
    t.true(executions >= EXECUTIONS);
    t.true(outcomes > 1, 'every input had the same outcome');
  });
}

/** `npm run fuzz -- [--minutes N] [--target T] [--seed S]`: runs each target in turn, for an equal share of the time. */
import { parseArgs } from 'node:util';
import { errorStack } from '../src/base/errors.js';
import { keepFound } from './corpus.js';
import { type Fuzzed, fuzzTarget } from './fuzz-target.js';
import type { Target } from './target.js';
import { targets } from './targets/index.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    target: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
if (!(minutes > 0) || !Number.isSafeInteger(seed) || chosen.length === 0) {
  console.error(
    `usage: npm run fuzz -- [--minutes N] [--seed N] [--target NAME]; targets: ${targets.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

console.log(`seed ${seed}, ${minutes} min for ${chosen.length} targets`);
const share = (minutes * 60_000) / chosen.length;
let failures = 0;
for (const target of chosen) {
  const end = performance.now() + share;
  const fuzzed = await fuzzTarget(target, { seed, shouldContinue: () => performance.now() < end });
  console.log(describe(target, fuzzed));
  if (fuzzed.failure) failures++;
}
process.exitCode = failures === 0 ? 0 : 1;

function describe({ name }: Target, fuzzed: Fuzzed): string {
  const { executions, ms, corpus, outcomes, grownBytes, failure } = fuzzed;
  const speed = Math.round(executions / (ms / 1000));
  const line = `${name.padEnd(14)} ${executions} executions, ${speed}/s, corpus ${corpus}, outcomes ${outcomes}, memory +${(grownBytes / 1024).toFixed(0)} KiB`;
  if (!failure) return line;
  return `${line}\n  FAILED: ${keepFound(name, failure.input)}\n${errorStack(failure.error)}`;
}

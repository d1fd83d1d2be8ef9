/** `npm run soak`: runs the gateway with faults, restarts and clients, and prints a report. Exit 1 if anything is unexplained. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { errorText } from '../src/base/errors.js';
import { packageRoot } from '../src/base/package-root.js';
import { reportText, summary } from './report.js';
import { runSoak, type SoakOptions } from './soak.js';

const USAGE = `usage: npm run soak -- [--minutes N] [--nodes N] [--rate HZ] [--seed N] [--preset NAME|FILE] [--restart-every MINUTES]`;

const DEFAULT_FAULTS = join('soak', 'faults.toml');

function readOptions(): SoakOptions {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '30' },
      nodes: { type: 'string', default: '500' },
      rate: { type: 'string', default: '0.25' },
      seed: { type: 'string', default: '1' },
      preset: { type: 'string', default: DEFAULT_FAULTS },
      'restart-every': { type: 'string', default: '3' },
    },
  });
  return {
    minutes: positive('minutes', values.minutes),
    nodes: positive('nodes', values.nodes),
    rateHz: positive('rate', values.rate),
    seed: positive('seed', values.seed),
    faults: values.preset,
    restartEvery: positive('restart-every', values['restart-every']),
    onProgress: (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
  };
}

function positive(name: string, given: string): number {
  const number = Number(given);
  if (Number.isFinite(number) && number > 0) return number;
  throw new Error(`--${name} ${given}: must be a number above 0`);
}

function optionsOrExit(): SoakOptions {
  try {
    return readOptions();
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n${USAGE}\n`);
    process.exit(2);
  }
}

process.chdir(packageRoot);
const soak = await runSoak(optionsOrExit());
process.stdout.write(reportText(soak));
const results = join(packageRoot, 'soak', 'results');
mkdirSync(results, { recursive: true });
const file = join(results, `${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
writeFileSync(file, `${JSON.stringify(summary(soak), null, 2)}\n`);
process.stdout.write(`report written to ${relative(packageRoot, file)}\n`);
process.exit(soak.account.unexplained.length === 0 ? 0 : 1);

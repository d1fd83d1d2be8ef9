/**
 * Runs one benchmark by name, or all: `npm run bench -- cpu`. `--short`: the short form, which fails only where
 * something is twice as bad as it should be. Figures of a whole run go to `bench/results/<date>.json`; `--write`: so do
 * those of one benchmark, beside the others that are there.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { packageRoot, packageVersion } from '../src/base/package-root.js';
import { asText, type Row, ratioOf, reaches, type Scale } from './support/row.js';

interface Benchmark {
  run(scale: Scale): Promise<object[]>;
}

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  'frame-parser': () => import('./frame-parser.js'),
  listening: () => import('./listening.js'),
  commands: () => import('./commands.js'),
  session: () => import('./session.js'),
  'fan-out': () => import('./fan-out.js'),
  growth: () => import('./growth.js'),
  start: () => import('./start.js'),
  cpu: () => import('./cpu.js'),
  fleet: () => import('./fleet.js'),
  history: () => import('./history.js'),
  recorder: () => import('./recorder.js'),
  'mqtt-uplink': () => import('./mqtt-uplink.js'),
  'mqtt-broker': () => import('./mqtt-broker.js'),
  'history-feed': () => import('./history-feed.js'),
  devices: () => import('./devices.js'),
  'event-loop': () => import('./event-loop.js'),
  'websocket-fanout': () => import('./websocket-fanout.js'),
  dataforge: () => import('./dataforge.js'),
};

const args = process.argv.slice(2);
const scale: Scale = args.includes('--short') ? 'short' : 'full';
const [wanted] = args.filter((arg) => !arg.startsWith('--'));
if (wanted !== undefined && !BENCHMARKS[wanted]) {
  console.error(`unknown benchmark ${wanted}; available: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}

/** What the short form runs: what has a floor beside it, so that a slow machine fails nothing. */
const SHORT = ['frame-parser', 'listening', 'commands', 'session', 'growth'];
/** How far from its target the short form lets a ratio be: machines are noisy. */
const SLACK = 2;
/** What something else on the machine has caused is hardly there a third time. */
const MEASURED_AGAIN = 2;

const results: Record<string, object[]> = {};
const failed: string[] = [];
for (const [name, load] of Object.entries(BENCHMARKS)) {
  if (wanted === undefined ? scale === 'short' && !SHORT.includes(name) : wanted !== name) continue;
  const benchmark = await load();
  let rows = await measure(name, benchmark);
  let far = grossOf(rows);
  for (let again = 0; scale === 'short' && far.length > 0 && again < MEASURED_AGAIN; again++) {
    rows = await measure(name, benchmark);
    const still = grossOf(rows);
    far = far.filter((what) => still.includes(what));
  }
  results[name] = rows.map((row) =>
    isRow(row) ? { ...row, ratio: ratioOf(row), reached: reaches(row) } : row,
  );
  failed.push(...far.map((what) => `${name}: ${what}`));
}
if (scale === 'full' && (wanted === undefined || args.includes('--write'))) writeResults();
if (scale === 'short') {
  for (const what of failed) console.log(`far from its target: ${what}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

async function measure(name: string, benchmark: Benchmark): Promise<object[]> {
  const begun = performance.now();
  const rows = await benchmark.run(scale);
  console.log(`\n${name} (${((performance.now() - begun) / 1000).toFixed(0)} s)`);
  console.table(rows.map((row) => (isRow(row) ? asText(row) : row)));
  return rows;
}

/** Figures without a floor depend on the machine, and decide nothing; what must never be lost does. */
function isGross(row: object): boolean {
  if (!isRow(row)) return false;
  const mustBeNone = row.target?.of === 'figure' && row.target.atMost === 0;
  return (mustBeNone || row.target?.of === 'ratio') && reaches(row, SLACK) === false;
}

function grossOf(rows: readonly object[]): string[] {
  return rows
    .filter(isRow)
    .filter(isGross)
    .map(({ what }) => what);
}

function isRow(row: object): row is Row {
  return 'unit' in row && 'figure' in row;
}

function writeResults(): void {
  const directory = join(packageRoot, 'bench', 'results');
  mkdirSync(directory, { recursive: true });
  const now = new Date();
  const file = join(directory, `${now.toISOString().slice(0, 10)}.json`);
  const machine = { cores: cpus().length, node: process.version, load: loadavg()[0] };
  const whole = { at: now.toISOString(), version: packageVersion, machine, results };
  const written = wanted === undefined ? whole : beside(readResults(file) ?? whole, results, now);
  writeFileSync(file, `${JSON.stringify(written, null, 2)}\n`);
  console.log(`written to ${file}`);
}

interface Written {
  readonly results: Readonly<Record<string, object[]>>;
  /** When those were measured that are not of the whole run. */
  readonly later?: Readonly<Record<string, string>>;
}

function readResults(file: string): Written | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Written) : undefined;
}

function beside(old: Written, own: Readonly<Record<string, object[]>>, now: Date): Written {
  const later = Object.fromEntries(Object.keys(own).map((name) => [name, now.toISOString()]));
  return { ...old, results: { ...old.results, ...own }, later: { ...old.later, ...later } };
}

/**
 * Runs one benchmark by name, or all: `npm run bench -- cpu`. `--short`: the short form, which fails only where
 * something is twice as bad as it should be. Figures of a whole run go to `bench/results/<date>.json`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { packageRoot, packageVersion } from '../src/package-root.js';
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
  history: () => import('./history.js'),
  recorder: () => import('./recorder.js'),
  'mqtt-uplink': () => import('./mqtt-uplink.js'),
  'history-feed': () => import('./history-feed.js'),
  'event-loop': () => import('./event-loop.js'),
  'websocket-fanout': () => import('./websocket-fanout.js'),
};

const args = process.argv.slice(2);
const scale: Scale = args.includes('--short') ? 'short' : 'full';
const [wanted] = args.filter((arg) => !arg.startsWith('--'));
if (wanted !== undefined && !BENCHMARKS[wanted]) {
  console.error(`there is no benchmark ${wanted}; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}

const results: Record<string, object[]> = {};
for (const [name, load] of Object.entries(BENCHMARKS)) {
  if (wanted !== undefined && wanted !== name) continue;
  const begun = performance.now();
  const rows = await (await load()).run(scale);
  console.log(`\n${name} (${((performance.now() - begun) / 1000).toFixed(0)} s)`);
  console.table(rows.map((row) => (isRow(row) ? asText(row) : row)));
  results[name] = rows.map((row) =>
    isRow(row) ? { ...row, ratio: ratioOf(row), reached: reaches(row) } : row,
  );
}
if (wanted === undefined && scale === 'full') writeResults();

function isRow(row: object): row is Row {
  return 'unit' in row && 'figure' in row;
}

function writeResults(): void {
  const directory = join(packageRoot, 'bench', 'results');
  mkdirSync(directory, { recursive: true });
  const now = new Date();
  const file = join(directory, `${now.toISOString().slice(0, 10)}.json`);
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg()[0] };
  const written = { at: now.toISOString(), version: packageVersion, machine, results };
  writeFileSync(file, `${JSON.stringify(written, null, 2)}\n`);
  console.log(`written to ${file}`);
}

/**
 * The history store with many values in it: how fast it is written, how long a day's range of one node and type takes,
 * and how long the gateway takes to start with it. `VALUES=10000000 npm run bench -- history` for another size.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../src/base/package-root.js';
import { connect } from '../src/client/index.js';
import { EventWriter } from '../src/history/event-record.js';
import { requireDriver } from '../src/history/load-driver.js';
import { ReadConnection } from '../src/history/read-connection.js';
import { Store } from '../src/history/store.js';
import { loadDataTypes } from '../src/protocol/data-types-file.js';

const dataTypes = loadDataTypes(join(packageRoot, 'data-types.json'));
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const sqlite = await requireDriver();
const VALUES = Number(process.env.VALUES ?? 1_000_000);
const NODES = 100;
const DAYS = 30;
const DAY_MS = 86_400_000;
const VALUES_A_BATCH = 5000;
const ROUNDS = 20;

export async function run(): Promise<object[]> {
  const directory = mkdtempSync(join(tmpdir(), 'meshgate-bench-'));
  const state = join(directory, 'state');
  mkdirSync(state);
  try {
    const file = join(state, 'history.db');
    const { store, valuesPerSecond } = fill(file);
    const connection = new ReadConnection({ driver: sqlite, file, dataTypes });
    const rangeMs = median(
      Array.from({ length: ROUNDS }, (_, round) => timeOf(() => readDay(connection, 5 + round))),
    );
    connection.close();
    store.close(VALUES);
    const bytes = statSync(join(state, 'history.db')).size;
    const empty = await startUp(directory, join(directory, 'empty'));
    const full = await startUp(directory, state);
    return [
      { what: 'values in the store', figure: VALUES.toLocaleString('en') },
      {
        what: 'size',
        figure: `${(bytes / 1e6).toFixed(0)} MB, ${(bytes / VALUES).toFixed(0)} bytes a value`,
      },
      {
        what: 'written, batches of 5,000',
        figure: `${Math.round(valuesPerSecond).toLocaleString('en')} values/s`,
      },
      {
        what: 'a day of one node and type',
        figure: `${rangeMs.toFixed(1)} ms for ${Math.round(VALUES / NODES / DAYS)} values`,
      },
      { what: 'process start to first answer, empty store', figure: `${empty.startMs.toFixed(0)} ms` },
      { what: 'process start to first answer, this store', figure: `${full.startMs.toFixed(0)} ms` },
      {
        what: 'latest of every node, from memory',
        figure: `${full.latestMs.toFixed(2)} ms for ${NODES} nodes`,
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function fill(file: string): { store: Store; valuesPerSecond: number } {
  const settings = { file, keepMs: 365 * DAY_MS, maxBytes: 1e12, eventsHeld: 10_000 };
  const store = new Store({
    driver: sqlite,
    settings,
    dataTypes,
    now: () => Date.now(),
    monotonic: () => performance.now(),
    report: () => {},
  });
  const begin = Date.now() - DAYS * DAY_MS;
  const stepMs = (DAYS * DAY_MS) / VALUES;
  const started = performance.now();
  for (let first = 0; first < VALUES; first += VALUES_A_BATCH) {
    store.write({ bytes: batchOf(first, begin, stepMs), count: VALUES_A_BATCH });
  }
  return { store, valuesPerSecond: (VALUES / (performance.now() - started)) * 1000 };
}

/** The nodes take turns; each is added with its first value. */
function batchOf(first: number, begin: number, stepMs: number): Uint8Array {
  const writer = new EventWriter(1 << 20);
  for (let index = first; index < first + VALUES_A_BATCH; index++) {
    const node = 5 + (index % NODES);
    const at = Math.round(begin + index * stepMs);
    const seq = 2 * index + 1;
    if (index < NODES)
      writer.write({ seq, at, kind: 'node', node, change: 'added' }, { name: `Node-${node}` });
    const bytes = Buffer.alloc(6);
    bytes.writeUIntLE(index, 0, 6);
    writer.writeValue(node, 1, { receivedAt: at, bytes }, seq + 1, at);
  }
  return writer.take();
}

function readDay(connection: ReadConnection, node: number): void {
  const from = Date.now() - (DAYS / 2) * DAY_MS;
  const query = { node, typeId: 1, from, to: from + DAY_MS };
  const work = connection.run({ kind: 'read', query, limit: 100_000, after: undefined });
  while (!work.next().done);
}

function timeOf(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

/** A gateway without a device, from `spawn` to its first answer. */
async function startUp(directory: string, state: string): Promise<{ startMs: number; latestMs: number }> {
  const socket = join(directory, 's');
  const started = performance.now();
  const args = ['start', '--port', '/nowhere/tty', '--http', 'off', '--socket', socket, '--state', state];
  const gateway = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(gateway.stdout, 'data');
  const client = await connect({ socket });
  await client.status();
  const startMs = performance.now() - started;
  await client.latest('GPS');
  const asked = performance.now();
  await client.latest('GPS');
  const latestMs = performance.now() - asked;
  client.close();
  gateway.kill('SIGTERM');
  await once(gateway, 'exit');
  return { startMs, latestMs };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** From starting the process to its first answer, what importing the client library costs, and what is installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../src/base/package-root.js';
import { byTurns } from './support/numbers.js';
import { inFolder } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const NOTHING = fileURLToPath(new URL('./floors/nothing.js', import.meta.url));
const CLIENT = new URL('../src/client/index.js', import.meta.url).href;
const MAX_START_MS = 300;
const MAX_INSTALLED_MB = 40;

export async function run(scale: Scale): Promise<Row[]> {
  const rounds = scale === 'short' ? 3 : 15;
  return inFolder(async (folder) => {
    const withStore = await byTurns(
      rounds,
      () => gatewayMs(folder, []),
      () => processMs([NOTHING]),
    );
    const without = ['--config', withoutHistory(folder)];
    const withoutStore = await byTurns(
      rounds,
      () => gatewayMs(folder, without),
      () => processMs([NOTHING]),
    );
    const help = await byTurns(
      rounds,
      () => processMs([MAIN, '--version']),
      () => processMs([NOTHING]),
    );
    const library = await byTurns(
      rounds,
      () => processMs(['--input-type=module', '-e', `await import('${CLIENT}')`]),
      () => processMs(['--input-type=module', '-e', '0']),
    );
    return [
      {
        what: 'process start to first answered command',
        ...withStore,
        unit: 'ms',
        target: { of: 'figure', atMost: MAX_START_MS },
      },
      { what: 'the same, without history', ...withoutStore, unit: 'ms' },
      { what: 'meshgate --version', ...help, unit: 'ms' },
      { what: "import 'meshgate' (the client library)", ...library, unit: 'ms' },
      ...installed(),
    ];
  });
}

function withoutHistory(folder: string): string {
  const file = join(folder, 'without.toml');
  writeFileSync(file, '[history]\nenabled = false\n');
  return file;
}

/** With the dashboard, on a port that the system chooses, as a user has it. */
async function gatewayMs(folder: string, args: readonly string[]): Promise<number> {
  const socket = join(folder, 's');
  const all = [
    'start',
    '--port',
    '/nowhere/tty',
    '--http',
    '127.0.0.1:0',
    '--socket',
    socket,
    '--state',
    join(folder, 'state'),
  ];
  const begun = performance.now();
  const gateway = spawn(process.execPath, [MAIN, ...all, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(gateway.stdout ?? gateway, 'data');
  await firstAnswer(socket);
  const ms = performance.now() - begun;
  await end(gateway);
  return ms;
}

function firstAnswer(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write('ACT-C\0\0'));
    socket.on('error', reject).once('data', () => {
      socket.destroy();
      resolve();
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function processMs(args: readonly string[]): Promise<number> {
  const begun = performance.now();
  await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
  return performance.now() - begun;
}

/** What package-lock.json lists for running, as it lies in node_modules. */
function installed(): Row[] {
  const { packages } = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean }>;
  };
  const names = Object.keys(packages).filter((name) => name !== '' && !packages[name]?.dev);
  const sizes = names.map((name) => sizeOf(join(packageRoot, name)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const ofLibsql = names.filter((name) => /\/(libsql|@libsql\/[^/]+)$/.test(name));
  const libsql = ofLibsql.reduce((sum, name) => sum + sizeOf(join(packageRoot, name)), 0);
  const target = { of: 'figure', atMost: MAX_INSTALLED_MB } as const;
  return [
    { what: `runtime dependencies, ${names.length} packages`, figure: total / 1e6, unit: 'MB' },
    {
      what: 'the same without libsql, which Node 22.13 and newer do not use',
      figure: (total - libsql) / 1e6,
      unit: 'MB',
      target,
    },
    { what: 'the package itself', figure: ownSize() / 1e6, unit: 'MB' },
  ];
}

function ownSize(): number {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: packageRoot });
  const [{ unpackedSize }] = JSON.parse(packed.stdout.toString()) as [{ unpackedSize: number }];
  return unpackedSize;
}

/** Bytes of all files in a folder, without nested packages, which are listed by themselves. */
function sizeOf(path: string): number {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (!entry) return 0;
  if (!entry.isDirectory()) return entry.size;
  const names = readdirSync(path).filter((name) => name !== 'node_modules');
  return names.reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/**
 * Makes the working copy ready to run: installs from the lock file when node_modules is not what it says, and
 * compiles when a source is newer than the last build, or the compiler has run by itself since. `--force` compiles in
 * any case.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const LOCK = join(root, 'package-lock.json');
/** npm's own list of what it has installed, by `npm ci` and `npm install`. */
const INSTALLED = join(root, 'node_modules', '.package-lock.json');
const BUILT = join(root, 'dist', '.built');
const ENTRY = join(root, 'dist', 'src', 'main.js');
const SOURCES = [
  'src',
  'test',
  'bench',
  'examples',
  'fuzz',
  'soak',
  'scripts',
  'tsconfig.json',
  'package-lock.json',
];
/** Folders that a run writes to. */
const RESULTS = 'results';

requireNode();
if (!isInstalled()) install();
if (process.argv.includes('--force') || newest(SOURCES) > timeOf(BUILT) || timeOf(ENTRY) > timeOf(BUILT))
  build();

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`meshgate needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(1);
}

/**
 * Whether node_modules is what the lock file says. An optional package may be missing where it does not build; it is
 * tried again when the lock file has changed.
 */
function isInstalled() {
  if (!existsSync(INSTALLED) || timeOf(INSTALLED) < timeOf(LOCK)) return false;
  const installed = packagesOf(INSTALLED);
  return Object.entries(packagesOf(LOCK)).every(([path, { version, integrity, optional }]) => {
    const found = installed[path];
    if (path === '' || (!found && optional)) return true;
    return found?.version === version && found.integrity === integrity;
  });
}

function packagesOf(file) {
  return JSON.parse(read(file)).packages;
}

function install() {
  console.error('installing packages from package-lock.json …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  // npm leaves the file's time alone when nothing had to change.
  utimesSync(INSTALLED, new Date(), new Date());
}

function build() {
  console.error('compiling …');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json', { paths: [root] });
  const tsc = join(dirname(typescript), 'bin', 'tsc');
  run(process.execPath, [tsc, '-p', root]);
  run(process.execPath, [tsc, '-p', join(root, 'src', 'dashboard')]);
  run(process.execPath, [join(root, 'scripts', 'build-dashboard.mjs')]);
  run(process.execPath, [join(root, 'scripts', 'build-bundle.mjs')]);
  mkdirSync(dirname(BUILT), { recursive: true });
  chmodSync(ENTRY, 0o755);
  writeFileSync(BUILT, '');
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

function newest(names) {
  return Math.max(0, ...names.map((name) => newestIn(join(root, name))));
}

function newestIn(path) {
  if (!existsSync(path)) return 0;
  if (!statSync(path).isDirectory()) return timeOf(path);
  const names = readdirSync(path).filter((name) => name !== RESULTS);
  return Math.max(timeOf(path), ...names.map((name) => newestIn(join(path, name))));
}

function timeOf(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

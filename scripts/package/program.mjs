/** /usr/lib/meshgate: the program, its packages, and Node. */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.mjs';

const NODE = JSON.parse(readFileSync(join(root, 'packaging', 'debian', 'node.json'), 'utf8'));
/** Names of architectures: Debian's, and Node's. */
const CPUS = { amd64: 'x64', arm64: 'arm64' };
/** What the program needs from the npm package when it runs. */
const PARTS = ['package.json', 'dist', 'opcodes.json', 'data-types.json'];

const NOT_RUN = /^\.|\.d\.[cm]?ts$|\.map$|\.(cpp|h|gyp|gypi)$/;

/** Returns the folder of the unpacked npm package, where documentation and examples are. */
export function addProgram(tree, work, arch) {
  const source = unpackNpmPackage(work);
  const library = join(tree, 'usr', 'lib', 'meshgate');
  mkdirSync(library, { recursive: true });
  for (const part of PARTS) cpSync(join(source, part), join(library, part), { recursive: true });
  addDependencies(library, work, CPUS[arch]);
  tidy(library);
  addNode(library, work, arch);
  const bin = join(tree, 'usr', 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(join(root, 'packaging', 'debian', 'meshgate.sh'), join(bin, 'meshgate'));
  chmodSync(join(bin, 'meshgate'), 0o755);
  return source;
}

function unpackNpmPackage(work) {
  const file = run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', work]).trim();
  run('tar', ['-xzf', join(work, file), '-C', work, '--no-same-owner']);
  const source = join(work, 'source');
  cpSync(join(work, 'package'), source, { recursive: true });
  return source;
}

/**
 * What runs, for one architecture. No optional packages: they are for versions of Node without SQLite. No scripts: what
 * is native comes prebuilt inside its package.
 */
function addDependencies(library, work, cpu) {
  const folder = join(work, 'dependencies');
  mkdirSync(folder);
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    copyFileSync(join(root, name), join(folder, name));
  }
  const omitted = ['--omit=dev', '--omit=optional', '--ignore-scripts'];
  const target = ['--os=linux', `--cpu=${cpu}`, '--libc=glibc'];
  run('npm', ['ci', '--silent', '--no-audit', '--no-fund', ...omitted, ...target], { cwd: folder });
  cpSync(join(folder, 'node_modules'), join(library, 'node_modules'), { recursive: true });
  keepPrebuilt(join(library, 'node_modules', '@serialport', 'bindings-cpp', 'prebuilds'), `linux-${cpu}`);
}

/** Of the binaries for all platforms, those for this one with glibc. */
function keepPrebuilt(folder, platform) {
  for (const name of readdirSync(folder)) {
    if (name !== platform) rmSync(join(folder, name), { recursive: true });
  }
  for (const name of readdirSync(join(folder, platform))) {
    if (name.includes('musl')) rmSync(join(folder, platform, name));
  }
}

/** Files of packages that only a developer reads, and modes: nothing in there is run as a program of its own. */
function tidy(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (NOT_RUN.test(entry.name)) rmSync(path, { recursive: true });
    else if (entry.isDirectory()) tidy(path);
    else chmodSync(path, 0o644);
  }
}

/** Throws when the package is not the one whose checksum was noted. */
function addNode(library, work, arch) {
  const { package: name, integrity } = NODE[arch];
  const file = join(
    work,
    run('npm', ['pack', '--silent', '--pack-destination', work, `${name}@${NODE.version}`]).trim(),
  );
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== integrity)
    throw new Error(`${name}@${NODE.version} is not what packaging/debian/node.json expects`);
  const folder = join(work, 'node');
  mkdirSync(folder);
  const members = ['package/bin/node', 'package/LICENSE'];
  run('tar', ['-xzf', file, '-C', folder, '--strip-components=1', '--no-same-owner', ...members]);
  copyFileSync(join(folder, 'bin', 'node'), join(library, 'node'));
  chmodSync(join(library, 'node'), 0o755);
  copyFileSync(join(folder, 'LICENSE'), join(work, 'LICENSE.node'));
}

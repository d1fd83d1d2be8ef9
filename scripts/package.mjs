/**
 * Makes the Debian package: npm run package -- [--arch amd64|arm64] [--version VERSION] [--output DIRECTORY] [--fast]
 *
 * --arch: this machine's unless given; --version: that of package.json; --output: build; --fast: compressed less.
 * Run `npm run build` first: what is in dist is packaged. Prints the path of the package.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeControl } from './package/control.mjs';
import { addDocumentation } from './package/documentation.mjs';
import { addProgram } from './package/program.mjs';
import { root, run } from './package/run.mjs';
import { addSystemFiles } from './package/system-files.mjs';

const ARCHITECTURES = ['amd64', 'arm64'];
const COMPRESSION = ['-Zxz', '-z6'];
const FAST_COMPRESSION = ['-Zgzip', '-z1'];

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: { x64: 'amd64', arm64: 'arm64' }[process.arch] },
    version: {
      type: 'string',
      default: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    },
    output: { type: 'string', default: join(root, 'build') },
    fast: { type: 'boolean', default: false },
  },
});
if (!ARCHITECTURES.includes(values.arch)) {
  console.error(`invalid --arch ${values.arch ?? process.arch}; available: ${ARCHITECTURES.join(', ')}`);
  process.exit(1);
}
const { arch, version, fast } = values;
const output = resolve(values.output);
const work = mkdtempSync(join(tmpdir(), 'meshgate-package-'));
process.umask(0o022);
try {
  const tree = join(work, 'tree');
  const source = addProgram(tree, work, arch);
  addSystemFiles(tree);
  addDocumentation(tree, source, { version, date: buildDate() });
  writeControl(tree, { version, arch });
  mkdirSync(output, { recursive: true });
  const file = join(output, `meshgate_${version}_${arch}.deb`);
  const compression = fast ? FAST_COMPRESSION : COMPRESSION;
  run('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(buildDate().getTime() / 1000) },
  });
  console.log(file);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The last commit's, so that the same source gives the same package; outside a clone, that of package.json. */
function buildDate() {
  const { SOURCE_DATE_EPOCH } = process.env;
  if (SOURCE_DATE_EPOCH) return new Date(Number(SOURCE_DATE_EPOCH) * 1000);
  try {
    const log = ['-C', root, 'log', '-1', '--format=%ct'];
    return new Date(Number(execFileSync('git', log, { stdio: ['ignore', 'pipe', 'ignore'] })) * 1000);
  } catch {
    return new Date(0);
  }
}

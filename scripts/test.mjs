/**
 * All checks of a change: types (by the build, which scripts/prepare.mjs runs before this), lint and format, and the
 * tests in dist. The last line is always `N passed, N failed`, and the exit code is 0 only when nothing failed.
 * REQUIRE_ALL_TESTS=1: a test that is left out is a failure too.
 *
 * A test that needs a browser or a broker can time out on a busy machine. So a file with a failure runs once more,
 * alone, and that run counts; what passes only then is named. `npm test -- FILE …` runs nothing twice.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAva, runFile } from './ava-run.mjs';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const BIOME = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

/** Programs that some tests need. `other`: a program that does as well. */
const TOOLS = [
  { name: 'socat', args: ['-V'], install: 'sudo apt-get install socat' },
  {
    name: 'chromium-headless-shell',
    other: 'chromium',
    args: ['--version'],
    install: 'sudo apt-get install chromium-headless-shell',
  },
  { name: 'python3', args: ['--version'], install: 'sudo apt-get install python3' },
  { name: 'mosquitto', args: ['-h'], install: 'sudo apt-get install mosquitto' },
  { name: 'openssl', args: ['version'], install: 'sudo apt-get install openssl' },
  { name: 'systemd-notify', args: ['--version'], install: 'sudo apt-get install systemd' },
];

/** Debian installs mosquitto outside a user's PATH. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;

/** When more files than this fail, a busy machine is not the reason. */
const MAX_FILES_AGAIN = 5;

const problems = [];

console.log('types: checked by the build');
if (passes(BIOME, ['check', '.'])) console.log('lint and format: clean');
else problems.push('biome check . found problems; npm run format may fix them');

const args = process.argv.slice(2);
const first = await runAva(args);
const { outcomes, late } = args.length === 0 ? await runAgain(first) : { outcomes: first, late: [] };
const passed = titles('passed');
const failed = titles('failed');
const leftOut = titles('leftOut');

if (passed.length === 0) problems.push('no test has passed');
if (process.env.REQUIRE_ALL_TESTS === '1') problems.push(...leftOut.map((title) => `left out: ${title}`));

console.log();
printLeftOut();
for (const title of titles('expectedToFail')) console.log(`known to fail: ${title}`);
for (const title of late) console.log(`passed only on a second run: ${title}`);
for (const problem of [...failed, ...problems]) console.log(`FAILED: ${problem}`);
console.log(`${passed.length} passed, ${failed.length + problems.length} failed`);
process.exitCode = failed.length + problems.length === 0 ? 0 : 1;

/** Runs each failed file again, and replaces its outcomes; `late`: what passed only on that run. */
async function runAgain(before) {
  const files = new Set(before.filter(({ kind }) => kind === 'failed').map(({ file }) => file));
  // Without a file it is ava itself that failed, or was interrupted.
  if (files.size > MAX_FILES_AGAIN || files.has(undefined)) return { outcomes: before, late: [] };
  let outcomes = before;
  const late = [];
  for (const file of files) {
    console.log(`\n${file} once more, alone:`);
    const after = await runFile(file);
    late.push(...passedLate(file, before, after));
    outcomes = [...outcomes.filter((outcome) => outcome.file !== file), ...after];
  }
  return { outcomes, late };
}

/** Titles of tests; the file itself if it broke although its tests passed. */
function passedLate(file, before, after) {
  const early = new Set(before.filter(({ kind }) => kind === 'passed').map(({ title }) => title));
  const late = after.filter(({ kind, title }) => kind === 'passed' && !early.has(title));
  const isGood = after.every(({ kind }) => kind !== 'failed');
  return late.length === 0 && isGood ? [file] : late.map(({ title }) => title);
}

function passes(script, args) {
  return spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 1, 2] }).status === 0;
}

function titles(wanted) {
  return outcomes.filter(({ kind }) => kind === wanted).map(({ title }) => title);
}

function printLeftOut() {
  if (leftOut.length === 0) return;
  console.log(`left out: ${leftOut.length}`);
  for (const title of leftOut) console.log(`  ${title}`);
  const env = { ...process.env, PATH };
  const isMissing = (name, args) => spawnSync(name, args, { env }).error !== undefined;
  const missing = TOOLS.filter(
    ({ name, other, args }) => isMissing(name, args) && (!other || isMissing(other, args)),
  );
  for (const { name, install } of missing) console.log(`${name} is not installed; to install it: ${install}`);
  if (missing.length === 0) console.log('no tool is missing: these tests do not apply here');
}

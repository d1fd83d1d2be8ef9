/**
 * Everything that is checked before a change goes in: types (by the build, which scripts/prepare.mjs runs before
 * this), lint and format, and the tests in dist. The last line is always `N passed, N failed`, and the exit code is 0
 * only when nothing failed. REQUIRE_ALL_TESTS=1: a test that is left out is a failure too.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const BIOME = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const AVA = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');

/** Programs that some tests need. */
const TOOLS = [
  { name: 'socat', args: ['-V'], install: 'sudo apt-get install socat' },
  { name: 'chromium', args: ['--version'], install: 'sudo apt-get install chromium' },
  { name: 'python3', args: ['--version'], install: 'sudo apt-get install python3' },
  { name: 'mosquitto', args: ['-h'], install: 'sudo apt-get install mosquitto' },
  { name: 'openssl', args: ['version'], install: 'sudo apt-get install openssl' },
  { name: 'systemd-notify', args: ['--version'], install: 'sudo apt-get install systemd' },
];

/** Debian puts mosquitto where a user's path does not lead. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;

/** What ava's report says of each test: see its lib/reporters/default.js. */
const PASSED = /^ {2}✔ (?!\[expected fail\])/;
const EXPECTED_TO_FAIL = /^ {2}✔ \[expected fail\] (.*)/;
const FAILED = /^ {2}✘ /;
const LEFT_OUT = /^ {2}- \[(?:skip|todo)\] (.*)/;

const problems = [];

console.log('types: checked by the build');
if (passes(BIOME, ['check', '.'])) console.log('lint and format: clean');
else problems.push('biome check . has found something; npm run format may put it right');

const { lines, isGood } = await runAva();
const passed = count(PASSED);
const failed = count(FAILED);
const leftOut = titles(LEFT_OUT);

if (!isGood && failed === 0) problems.push('ava has failed although no test did: see what it says above');
if (passed === 0) problems.push('no test has passed');
if (process.env.REQUIRE_ALL_TESTS === '1') problems.push(...leftOut.map((title) => `left out: ${title}`));

console.log();
tellLeftOut();
for (const title of titles(EXPECTED_TO_FAIL)) console.log(`known to fail: ${title}`);
for (const problem of problems) console.log(`FAILED: ${problem}`);
console.log(`${passed} passed, ${failed + problems.length} failed`);
process.exitCode = failed + problems.length === 0 ? 0 : 1;

function passes(script, args) {
  return spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 1, 2] }).status === 0;
}

/** Shows ava's report as it comes, and gives its lines. */
function runAva() {
  const env = { ...process.env, FORCE_COLOR: '0', TERM: 'dumb' };
  const ava = spawn(process.execPath, [AVA, ...process.argv.slice(2)], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let report = '';
  ava.stdout.setEncoding('utf8').on('data', (text) => {
    report += text;
    process.stdout.write(text);
  });
  return new Promise((resolve) => {
    ava.on('close', (code) => resolve({ lines: report.split('\n'), isGood: code === 0 }));
  });
}

function count(pattern) {
  return lines.filter((line) => pattern.test(line)).length;
}

function titles(pattern) {
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

function tellLeftOut() {
  if (leftOut.length === 0) return;
  console.log(`left out: ${leftOut.length}`);
  for (const title of leftOut) console.log(`  ${title}`);
  const env = { ...process.env, PATH };
  const missing = TOOLS.filter(({ name, args }) => spawnSync(name, args, { env }).error);
  for (const { name, install } of missing) console.log(`${name} is not installed; to install it: ${install}`);
  if (missing.length === 0) console.log('no tool is missing: the tests leave themselves out');
}

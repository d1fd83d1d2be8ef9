import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../src/base/package-root.js';

const folders: string[] = [];

test.after.always(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Time limit for a file that never exits. With more files at a time, ava notices one of them earlier, and words it differently. */
const SHORT_TIMEOUT = `import config from './base.config.mjs';
export default { ...config, concurrency: 2, timeout: '15s' };
`;

/** A package with these test files and the real runner. */
function packageOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mg-runner-'));
  folders.push(folder);
  for (const script of ['test.mjs', 'ava-run.mjs', 'ava-events.mjs'])
    cpSync(join(packageRoot, 'scripts', script), join(folder, 'scripts', script));
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(packageRoot, 'ava.config.mjs'), join(folder, 'ava.config.mjs'));
  writeFileSync(join(folder, 'package.json'), '{\n\t"type": "module"\n}\n');
  writeFileSync(join(folder, 'biome.json'), '{ "files": { "includes": ["package.json"] } }\n');
  mkdirSync(join(folder, 'dist/test/sub'), { recursive: true });
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, 'dist/test', `${name}.test.js`), text);
  return folder;
}

interface Result {
  readonly status: number | null;
  /** Output after the last line of ava's report. */
  readonly summary: readonly string[];
}

function run(
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Result {
  const { status, stdout } = spawnSync(process.execPath, [join(folder, 'scripts/test.mjs'), ...args], {
    encoding: 'utf8',
    // Without ava's own variables, by which it knows that it runs in a test.
    env: { PATH: process.env.PATH ?? '', HOME: folder, ...env },
    timeout: 150_000,
  });
  const lines = stdout.trimEnd().split('\n');
  const isSummary = (line: string) => /^(left out|known to fail|passed only|FAILED|\d+ passed)/.test(line);
  return {
    status,
    summary: lines.filter((line, i) => isSummary(line) || lines[i - 1]?.startsWith('left out')),
  };
}

const PASSES = `import test from 'ava';
test('works', (t) => t.pass());
`;

test.serial('tests that fail, are skipped or are known to fail are named', (t) => {
  const folder = packageOf({
    'sub/mixed': `import test from 'ava';
test('works (3s)', (t) => t.pass());
test('differs', (t) => t.deepEqual([1], [2], 'a message'));
test('throws', () => { throw new Error('no'); });
test.failing('is known', (t) => t.fail());
test.failing('is mended', (t) => t.pass());
test.skip('is skipped', (t) => t.pass());
`,
    'sub/hook': `import test from 'ava';
test.before('prepares', () => { throw new Error('no'); });
test('never runs', (t) => t.pass());
`,
    good: PASSES,
  });
  const { status, summary } = run(folder);
  t.is(status, 1);
  t.deepEqual([...summary].sort(), [
    '  sub › mixed › is skipped',
    '2 passed, 6 failed',
    'FAILED: dist/test/sub/hook.test.js ended before its tests did',
    'FAILED: sub › hook › never runs (did not end)',
    'FAILED: sub › hook › prepares',
    'FAILED: sub › mixed › differs',
    'FAILED: sub › mixed › is mended (passes, although it is marked as failing)',
    'FAILED: sub › mixed › throws',
    'known to fail: sub › mixed › is known',
    'left out: 1',
  ]);
});

test.serial('a file that breaks, exits, never exits or has no tests is a failure by name', (t) => {
  t.timeout(150_000);
  const folder = packageOf({
    exits: `import test from 'ava';
test('is cut off', async () => { await new Promise((r) => setTimeout(r, 200)); process.exit(0); });
`,
    throws: `${PASSES}throw new Error('at load');\n`,
    hangs: `import test from 'ava';
test('leaves a timer', (t) => { setInterval(() => {}, 1000); t.pass(); });
`,
    waits: `import test from 'ava';
test('is never done', async (t) => { setInterval(() => {}, 1000); await new Promise(() => {}); t.pass(); });
`,
    empty: `import 'ava';\n`,
    foreign: 'process.title;\n',
    good: PASSES,
  });
  renameSync(join(folder, 'ava.config.mjs'), join(folder, 'base.config.mjs'));
  writeFileSync(join(folder, 'ava.config.mjs'), SHORT_TIMEOUT);
  const { status, summary } = run(folder);
  t.is(status, 1);
  t.deepEqual([...summary].sort(), [
    '2 passed, 8 failed',
    'FAILED: dist/test/empty.test.js has no tests',
    'FAILED: dist/test/exits.test.js called process.exit()',
    'FAILED: dist/test/foreign.test.js has no tests: it does not import ava',
    'FAILED: dist/test/hangs.test.js did not exit in time',
    'FAILED: dist/test/throws.test.js uncaught exception: at load',
    'FAILED: dist/test/waits.test.js did not exit in time',
    'FAILED: exits › is cut off (did not end)',
    'FAILED: waits › is never done (did not end)',
  ]);
});

/** Fails on its first run. */
const LATE = `import { existsSync, writeFileSync } from 'node:fs';
import test from 'ava';
const seen = new URL('seen', import.meta.url);
const isFirst = !existsSync(seen);
writeFileSync(seen, '');
test('is late', (t) => t.false(isFirst));
test('works', (t) => t.pass());
`;

test.serial('a file that passes only on a second run, alone, is named and counts as passed', (t) => {
  const folder = packageOf({ good: PASSES, late: LATE });
  const { status, summary } = run(folder);
  t.deepEqual(summary, ['passed only on a second run: late › is late', '3 passed, 0 failed']);
  t.is(status, 0);
});

test.serial('named files run once', (t) => {
  const folder = packageOf({ good: PASSES, late: LATE });
  t.deepEqual(run(folder, ['dist/test/late.test.js']), {
    status: 1,
    summary: ['FAILED: late › is late', '1 passed, 1 failed'],
  });
});

test.serial('with REQUIRE_ALL_TESTS a skipped test is a failure', (t) => {
  const folder = packageOf({ todo: `${PASSES}test.todo('is to come');\n` });
  const line = 'left out: todo › is to come';
  t.is(run(folder).status, 0);
  const { status, summary } = run(folder, [], { REQUIRE_ALL_TESTS: '1' });
  t.is(status, 1);
  t.deepEqual(summary.slice(-2), [`FAILED: ${line}`, '1 passed, 1 failed']);
});

test.serial('a run in which ava itself fails is a failure, and so is one without tests', (t) => {
  const folder = packageOf({ good: PASSES });
  t.deepEqual(run(folder, ['--config', 'absent.mjs']), {
    status: 1,
    summary: ['FAILED: ava ended before all tests did', 'FAILED: no test has passed', '0 passed, 2 failed'],
  });
  t.is(run(folder, ['dist/test/absent.test.js']).status, 1);
});

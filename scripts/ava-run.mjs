/** Runs ava, and reads from its report what became of each test: see its lib/reporters/default.js. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const AVA = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');
const TESTS = 'dist/test/';

/** Lines that tell of a test, or of a file that broke. That ava waited too long is told again of each file. */
const LINES = [
  ['expectedToFail', /^ {2}✔ \[expected fail\] (.*)/],
  ['passed', /^ {2}✔ (.*)/],
  ['failed', /^ {2}✘ (?!Timed out)(?:\[(?:fail|unexpected pass)\]: )?(.*)/],
  ['failed', /^ {2}((?:\d+ tests were pending in|Failed to exit when running) .*)/],
  ['leftOut', /^ {2}- \[(?:skip|todo)\] (.*)/],
];

/** Behind the title of a test that took longer than 100 ms. */
const DURATION = / \((?:\d[\d.]*(?:ms|s|m) ?)+\)$/;

/** Shows the report as it comes; gives `{ kind, title, file }` of each test, with `file` where it is known. */
export async function runAva(args) {
  const { report, code } = await showReport(args);
  const prefixes = prefixesOf(testFiles());
  const outcomes = report.split('\n').flatMap((line) => read(line, prefixes));
  if (code === 0 || outcomes.some(({ kind }) => kind === 'failed')) return outcomes;
  return [
    ...outcomes,
    { kind: 'failed', title: 'ava has failed although no test did: see what it says above' },
  ];
}

/** The same for one file; nothing runs beside it. */
export async function runFile(file) {
  const outcomes = await runAva([file, '--concurrency', '1']);
  const prefix = prefixOf(file);
  // With a single file ava leaves its name out of the titles.
  return outcomes.map(({ kind, title }) => ({
    kind,
    title: title.includes(file) ? title : `${prefix}${title}`,
    file,
  }));
}

function showReport(args) {
  const ava = spawn(process.execPath, [AVA, ...args], {
    cwd: root,
    env: { ...process.env, FORCE_COLOR: '0', TERM: 'dumb' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let report = '';
  ava.stdout.setEncoding('utf8').on('data', (text) => {
    report += text;
    process.stdout.write(text);
  });
  return new Promise((resolve) => {
    ava.on('close', (code) => resolve({ report, code }));
  });
}

function read(line, prefixes) {
  for (const [kind, pattern] of LINES) {
    const said = pattern.exec(line)?.[1];
    if (said === undefined) continue;
    const title = kind === 'passed' ? said.replace(DURATION, '') : said;
    return [{ kind, title, file: fileOf(title, prefixes) }];
  }
  return [];
}

/** A test's title begins with its file, a broken file is named by its path. */
function fileOf(title, prefixes) {
  const found = prefixes.find(({ file, prefix }) => title.startsWith(prefix) || title.includes(file));
  return found?.file;
}

function testFiles() {
  const paths = readdirSync(join(root, TESTS), { recursive: true });
  return paths.filter((path) => path.endsWith('.test.js')).map((path) => `${TESTS}${path}`);
}

/** Longest first: `a › b › ` is not in the file `a`. */
function prefixesOf(files) {
  const prefixes = files.map((file) => ({ file, prefix: prefixOf(file) }));
  return prefixes.sort((left, right) => right.prefix.length - left.prefix.length);
}

function prefixOf(file) {
  const parts = file
    .slice(TESTS.length)
    .replace(/\.test\.js$/, '')
    .split('/');
  return [...parts, ''].join(' › ');
}

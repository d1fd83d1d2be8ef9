import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { escapeText } from '../../src/cli/commands/manual/roff.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { runToEnd } from '../support/process-fixture.js';
import { runHere } from '../support/run-here.js';

const manTest = spawnSync('man', ['--version']).status === 0 ? test : test.skip;
const folder = temporaryFolder();
test.after.always(() => folder.remove());

test('text cannot be mistaken for a macro or an escape', (t) => {
  t.is(escapeText(".x\n'y\n--a \\b"), "\\&.x\n\\&'y\n\\-\\-a \\eb");
});

test('the manual page has a section for each command and subcommand, but is not listed as a command itself', async (t) => {
  const [{ stdout: page }, { stdout: words }, { stdout: help }] = await Promise.all([
    runToEnd(['manual']),
    runHere(['completion', 'bash']),
    runHere(['--help']),
  ]);
  const paths = [...words.matchAll(/^ {4}'([^']+)'\) words=/gm)].map(([, path = '']) => path);
  t.true(paths.length > 30);
  const sections = [...page.matchAll(/^\.SH "(.*)"$/gm)].map(([, title = '']) =>
    title.replaceAll('\\-', '-'),
  );
  t.deepEqual(
    paths.filter((path) => !sections.includes(path.toUpperCase())),
    [],
  );
  t.true(page.includes('Exit codes'), 'the texts after the help are in it');
  t.notRegex(help, /^ {2}manual/m);
});

manTest('man renders the page without a warning', async (t) => {
  const { stdout } = await runHere(['manual']);
  const file = join(folder.path, 'meshgate.1');
  writeFileSync(file, stdout);
  const {
    status,
    stderr,
    stdout: text,
  } = spawnSync('man', ['--warnings', '-l', file], {
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', MANWIDTH: '100' },
    encoding: 'utf8',
  });
  t.is(status, 0);
  t.is(stderr, '');
  t.regex(text, /meshgate start \[options\]/);
});

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../src/base/package-root.js';
import { settingNames } from '../src/gateway/settings.js';
import { LINK_DOWN_REASONS } from '../src/link/link.js';

const docs = readdirSync(join(packageRoot, 'docs')).filter((name) => name.endsWith('.md'));

function read(name: string): string {
  return readFileSync(join(packageRoot, name), 'utf8');
}

test('the tables of reasons, errors, methods and wire examples in docs/ match the code', (t) => {
  const script = join(packageRoot, 'scripts', 'docs.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  t.is(status, 0, stderr);
});

test('every setting is explained in docs/configuration.md, and nothing else', (t) => {
  t.deepEqual(documentedSettings().sort(), settingNames().sort());
});

test('docs/operations.md says what to do about every reason for a missing link', (t) => {
  const section = read('docs/operations.md').split('### No link')[1]?.split('\n### ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$/gm)];
  t.deepEqual(
    rows.map(([, reason, meaning]) => [reason, meaning]),
    Object.entries(LINK_DOWN_REASONS),
  );
  for (const [, reason, , advice = ''] of rows) t.true(advice.trim().length >= 'nothing'.length, reason);
});

test('every link between the documents has a target', (t) => {
  for (const file of ['README.md', 'CHANGELOG.md', ...docs.map((name) => join('docs', name))]) {
    for (const [, target = ''] of read(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      t.true(existsSync(join(packageRoot, dirname(file), target)), `${file} links to ${target}`);
    }
  }
});

/** `mesh.refresh_s`: from the tables, by section. */
function documentedSettings(): string[] {
  const names: string[] = [];
  let section = '';
  for (const line of read('docs/configuration.md').split('\n')) {
    const heading = /^## `\[(\w+)\]`/.exec(line);
    if (heading) section = `${heading[1]}.`;
    const [, cell] = /^\| ((?:`\w+`(?:, )?)+) \|/.exec(line) ?? [];
    for (const [, key] of (cell ?? '').matchAll(/`(\w+)`/g)) names.push(section + key);
  }
  return names;
}

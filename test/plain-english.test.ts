/** Words that make a text sound translated: searched for in everything that people read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../src/base/package-root.js';

/** Files searched: sources with their comments, the documentation, and the files installed with the package. */
const FOLDERS = ['src', 'docs', 'packaging', 'examples'] as const;
const FILES = ['README.md', 'CHANGELOG.md', 'opcodes.json', 'data-types.json'] as const;
const READ = /\.(?:tsx?|md|mjs|py|json|toml|service|socket|rules|ya?ml|html)$/;

/** By the better word. */
const TELLTALES: Readonly<Record<string, RegExp>> = {
  after: /\bbehind\b/i,
  'says, reports, shows': /\b(?:told|tells)\b/i,
  again: /\banew\b/i,
  'anyone who, all clients': /\bwhoever\b/i,
  'is not a, there is no': /(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b)[a-z]/i,
  'time range': /\bstretch(?:es)? of time\b/i,
  'is in': /\bstands? in\b/i,
  option: /\bwish(?:es)?\b/i,
  'MIN, MAX': /\b(?:LEAST|MOST)\b/,
  running: /\bliving\b/i,
  available: /\bthese there are\b|\bwhat there is\b/i,
  'does not exist': /\bis not there\b/i,
  continue: /\b(?:goes|go|went) on with\b/i,
  'each time': /\bso many times\b/i,
};

/** The right uses: a file, and a part of the line. */
const ALLOWED: readonly (readonly [file: string, part: string])[] = [
  // A counter's name, which programs read.
  ['src/connectors/mqtt/event-lane.ts', 'behind: pending'],
  ['src/connectors/mqtt/metrics.ts', "place: 'events.behind'"],
];
const MAX_ALLOWED = 60;

interface Found {
  readonly file: string;
  readonly line: string;
  readonly instead: string;
}

function filesToRead(): string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => READ.test(file))
      .map((file) => join(folder, file)),
  );
  return [...inFolders, ...FILES];
}

function findTelltales(file: string): Found[] {
  return readFileSync(join(packageRoot, file), 'utf8')
    .split('\n')
    .flatMap((line) =>
      Object.entries(TELLTALES)
        .filter(([, pattern]) => pattern.test(line))
        .map(([instead]) => ({ file, line: line.trim(), instead })),
    );
}

function isAllowed({ file, line }: Found): boolean {
  return ALLOWED.some(([of, part]) => of === file && line.includes(part));
}

const found = filesToRead().flatMap(findTelltales);

test('no text for people contains words that sound translated', (t) => {
  const wrong = found.filter((each) => !isAllowed(each));
  t.deepEqual(
    wrong.map(({ file, line, instead }) => `${file}: ${line.slice(0, 120)} (better: ${instead})`),
    [],
  );
});

test('the list of allowed uses is short, and each still occurs', (t) => {
  t.true(ALLOWED.length < MAX_ALLOWED);
  const unused = ALLOWED.filter(
    ([file, part]) => !found.some((each) => each.file === file && each.line.includes(part)),
  );
  t.deepEqual(unused, []);
});

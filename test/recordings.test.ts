/**
 * Recordings of typical field scenarios, with the events that clients must receive: see docs/recordings.md for how they
 * are made, and what to do when an event is meant to change.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../src/base/package-root.js';
import { formatDifferences } from '../src/cli/commands/replay/replay-differences.js';
import { replayEvents } from '../src/cli/commands/replay/run-replay.js';
import type { MeshEvent } from '../src/client/index.js';
import { loadConfig } from '../src/gateway/settings.js';
import { Recording } from '../src/recorder/recording.js';
import { type ComparedEvent, compareEvents } from '../src/replay/compare-events.js';

const FOLDER = join(packageRoot, 'test', 'recordings');
const RECORDING = /\.mgrec$/;
const names = readdirSync(FOLDER)
  .filter((file) => RECORDING.test(file))
  .map((file) => file.replace(RECORDING, ''));

const config = loadConfig({}, undefined, {});
const VIEW = { terminal: { isTTY: false, columns: undefined, colour: false }, now: 0 };

for (const name of names) {
  test(`${name}: clients receive the expected events`, async (t) => {
    const expected = expectedEvents(name);
    const got: MeshEvent[] = [];
    const recording = new Recording(readFileSync(join(FOLDER, `${name}.mgrec`)));
    await replayEvents({ recording, speed: 'max' }, config, (event) => got.push(event));
    const differences = compareEvents(expected, got, 5);
    t.deepEqual(differences, [], `\n${formatDifferences(differences, expected, got, VIEW)}`);
    t.true(got.length > 50);
    t.deepEqual(recording.damage, { bytes: 0, blocks: 0, missing: 0 });
  });
}

function expectedEvents(name: string): ComparedEvent[] {
  const lines = readFileSync(join(FOLDER, `${name}.events.jsonl`), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as ComparedEvent);
}

test('every required scenario is there, with its events, and none is large', (t) => {
  for (const name of [
    'normal-day',
    'reboot-in-a-frame',
    'boot-text',
    'burst',
    'generation-1',
    'generation-2',
    'generation-3',
    'corrupted-bytes',
    'link-lost',
  ]) {
    t.true(names.includes(name), name);
  }
  for (const file of readdirSync(FOLDER)) t.true(statSync(join(FOLDER, file)).size <= 200_000, file);
});

/** What each must contain to match its name: a kind of event and a part of its JSON. */
const CONTENTS: readonly (readonly [name: string, texts: readonly string[]])[] = [
  [
    'normal-day',
    ['"change":"status","status":"active"', '"status":"idle"', '"name":"Request"', '"name":"NetInfo"'],
  ],
  ['reboot-in-a-frame', ['"name":"RootReset"', '"code":"ROOT_RESTARTED"']],
  [
    'boot-text',
    ['"line":"rst:0xc (SW_CPU_RESET),boot:0x13', '"line":"a line that is not ended, and ends here"'],
  ],
  ['burst', ['"detail":"40 nodes"', '"detail":"2 nodes"']],
  ['generation-1', ['"type":"GPS"', 'Error: Buffer might have remaining half message']],
  [
    'generation-2',
    ['"type":"Position"', '"kind":"paths"', '[Warning] Buffer might have remaining half message'],
  ],
  ['generation-3', ['"type":"Report"', '"deviceTime":1777615', '"kind":"paths"']],
  ['corrupted-bytes', ['"name":"Malformed"', '"code":"MALFORMED_DATA"', '"name":"Unknown 0x']],
  [
    'link-lost',
    [
      '"code":"ROOT_SILENT"',
      '"step":"resetLines","round":1,"outcome":"done"',
      '"reason":"reopened"',
      '"reason":"hungUp"',
      '"reason":"noDevice"',
      '"port":"/dev/ttyUSB1"',
      '"code":"ROOT_CHANGED"',
    ],
  ],
];

for (const [name, texts] of CONTENTS) {
  test(`${name}: contains what its name says`, (t) => {
    const events = readFileSync(join(FOLDER, `${name}.events.jsonl`), 'utf8');
    for (const text of texts) t.true(events.includes(text), text);
  });
}

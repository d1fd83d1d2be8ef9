/**
 * Makes test/recordings/: for each scenario a recording, NAME.mgrec, and what clients must be told when it is replayed,
 * NAME.events.jsonl. A gateway runs on a virtual root, all in virtual time, and its own flight recorder records.
 *
 *     npm run recordings                    all of them
 *     npm run recordings -- burst normal-day    only these
 *     npm run recordings -- --events        only the events, from the recordings that are there
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from './recordings/load.mjs';
import { scenarios } from './recordings/scenarios.mjs';

const { loadConfig } = await load('gateway/settings.js');
const { Gateway, loadTables } = await load('gateway.js');
const { tellEvents } = await load('cli/commands/replay/run-replay.js');
const { packageVersion } = await load('base/package-root.js');
const { encodeHead, openRecording } = await load('recorder/recording.js');
const { VirtualClock } = await load('replay/virtual-clock.js');

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', 'test', 'recordings');
/** 2026-05-01 06:00 UTC. */
const BEGINS_AT = Date.UTC(2026, 4, 1, 6);
/** Of a file that lies in the repository. */
const MAX_BYTES = 200_000;

/** The shipped settings, whatever the variables of this shell say. */
const config = loadConfig({}, undefined, {});
const tables = loadTables(config);

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith('--'));
const unknown = names.find((name) => !scenarios[name]);
if (unknown) throw new Error(`unknown scenario ${unknown}; available: ${Object.keys(scenarios).join(', ')}`);

mkdirSync(FOLDER, { recursive: true });
for (const name of names.length > 0 ? names : Object.keys(scenarios)) {
  const file = join(FOLDER, `${name}.mgrec`);
  if (!args.includes('--events')) save(file, await record(scenarios[name]));
  save(join(FOLDER, `${name}.events.jsonl`), await eventsOf(file));
}

/** Lets a gateway live through a scenario; what its recorder holds then. */
async function record({ openRoot, lastsMs }) {
  const clock = new VirtualClock(BEGINS_AT);
  const gateway = new Gateway({
    config,
    tables,
    openLink: openRoot({ clock, tables }),
    watchForDevices: () => () => {},
    clock,
    random: () => 0.5,
    writeLine() {},
  });
  gateway.connect();
  await clock.pass(lastsMs);
  const { blocks } = gateway.recorder.read({}, Number.POSITIVE_INFINITY);
  const { run } = gateway.recorder;
  await gateway.stop();
  return Buffer.concat([encodeHead({ gateway: packageVersion, run, redacted: false }), blocks]);
}

async function eventsOf(file) {
  const lines = [];
  const recording = openRecording(file, readFileSync(file));
  await tellEvents({ recording, speed: 'max' }, config, (event) => lines.push(`${JSON.stringify(event)}\n`));
  return Buffer.from(lines.join(''));
}

function save(file, bytes) {
  if (bytes.length > MAX_BYTES) throw new Error(`${file} would have ${bytes.length} bytes; make it shorter`);
  writeFileSync(file, bytes);
  console.log(`${String(bytes.length).padStart(7)}  ${file}`);
}

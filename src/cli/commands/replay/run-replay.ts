import { describeEvent } from '../../../api/describe.js';
import { MeshgateError } from '../../../base/errors.js';
import type { MeshEvent } from '../../../client/index.js';
import type { Config } from '../../../config/schema.js';
import { loadConfig } from '../../../gateway/settings.js';
import { Gateway, loadTables } from '../../../gateway.js';
import { requireLinks } from '../../../recorder/recorded-links.js';
import { openRecording } from '../../../recorder/recording.js';
import { type ComparedEvent, compareEvents } from '../../../replay/compare-events.js';
import { Replay, type ReplayOptions } from '../../../replay/replay.js';
import { EXIT } from '../../exit-codes.js';
import { inputName, readInput } from '../../files.js';
import { currentView, print, printJson, printJsonLine } from '../../output.js';
import { formatDifferences } from './replay-differences.js';

export interface ReplayFlags {
  readonly expect?: string;
  readonly link?: string;
  readonly config?: string;
  readonly json?: true;
}

/** Enough to see what is wrong. */
const SHOWN_DIFFERENCES = 10;

/** Rejects with `BAD_RECORDING`, `FILE_FAILED`, `NO_PERMISSION`, `BAD_CONFIG`, `BAD_TABLE`, `BAD_USAGE`. */
export async function replay(file: string, flags: ReplayFlags): Promise<void> {
  const config = loadConfig({}, flags.config);
  if (file === '-' && flags.expect === '-') {
    throw new MeshgateError(
      'BAD_USAGE',
      'the recording and the expected events cannot both be standard input',
    );
  }
  const recording = openRecording(inputName(file), await readInput(file));
  if (flags.link !== undefined) requireLinks(recording, [flags.link]);
  const options = { recording, speed: 'max', linkName: flags.link } as const;
  if (flags.expect === undefined) {
    await replayEvents(options, config, printJsonLine);
    return;
  }
  const expected = await readEvents(flags.expect);
  const got: MeshEvent[] = [];
  await replayEvents(options, config, (event) => got.push(event));
  const differences = compareEvents(expected, got, SHOWN_DIFFERENCES);
  if (flags.json) printJson({ expected: expected.length, got: got.length, differences });
  else print(formatDifferences(differences, expected, got, currentView()));
  if (differences.length > 0) process.exitCode = EXIT.failed;
}

/** Runs a gateway without clients on a recording; `onEvent` receives every event that clients would have received. */
export async function replayEvents(
  options: ReplayOptions,
  config: Config,
  onEvent: (event: MeshEvent) => void,
): Promise<void> {
  const replay = new Replay(options);
  const gateway = new Gateway({
    config: configForReplay(config),
    tables: loadTables(config),
    openLink: replay.link.open,
    watchForDevices: replay.link.watchForDevices,
    clock: replay.clock,
    random: noChance,
    writeLine: () => {},
  });
  const unsubscribe = gateway.hub.feed.subscribe((event) => onEvent(describeEvent(event)));
  gateway.connect();
  await replay.run();
  unsubscribe();
  replay.stop();
  await gateway.stop();
}

/** Makes replays repeatable: pauses have their minimum, so that the gateway is never later than the recording. */
export function noChance(): number {
  return 0;
}

/** No port is used, and a replay is neither recorded nor logged a second time. */
export function configForReplay(config: Config): Config {
  const { recorder, history } = config;
  return {
    ...config,
    simulate: true,
    recorder: { ...recorder, bytes: 0 },
    history: { ...history, classic_log: undefined },
  };
}

/** Events as `replay` and `watch --json` print them. */
async function readEvents(file: string): Promise<ComparedEvent[]> {
  const bytes = await readInput(file);
  const lines = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split('\n');
  return lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [parseEvent(line, `${inputName(file)}:${index + 1}`)],
  );
}

function parseEvent(line: string, position: string): ComparedEvent {
  const parsed = parseJson(line);
  const isEvent = typeof parsed === 'object' && parsed !== null && 'seq' in parsed && 'kind' in parsed;
  if (isEvent && typeof parsed.seq === 'number' && typeof parsed.kind === 'string')
    return parsed as ComparedEvent;
  throw new MeshgateError(
    'BAD_RECORDING',
    `${position}: not an event`,
    'use the output of meshgate replay, or of meshgate watch --json',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { uartSettings } from '../../../config/sections/link.js';
import { loadConfig } from '../../../gateway/settings.js';
import { loadTables } from '../../../gateway.js';
import { isOfLinks, parseLinks, requireLinks } from '../../../recorder/recorded-links.js';
import { openRecording, type Recording } from '../../../recorder/recording.js';
import { inputName, readInput } from '../../files.js';
import { currentView, note, print, printJson, printJsonLine } from '../../output.js';
import { parseTime } from '../../text/time.js';
import { Inspector, type InspectSettings, type Item } from './inspect-items.js';
import { formatItem } from './inspect-lines.js';
import { describeDamage, formatStats, StatsCounter } from './inspect-stats.js';

export interface InspectFlags {
  readonly link?: string;
  readonly hex?: true;
  readonly stats?: true;
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
  readonly config?: string;
}

/** Rejects with `BAD_RECORDING`, `FILE_FAILED`, `NO_PERMISSION`, `BAD_USAGE`, `BAD_CONFIG`, `BAD_TABLE`. */
export async function inspect(file: string, flags: InspectFlags): Promise<void> {
  const config = loadConfig({}, flags.config);
  const recording = openRecording(inputName(file), await readInput(file));
  const withBytes = flags.hex === true || flags.stats === true;
  const isRedacted = recording.head.redacted;
  const settings = { ...uartSettings(config), tables: loadTables(config), withBytes, isRedacted };
  const links = parseLinks(flags.link);
  if (links) requireLinks(recording, links);
  const wanted = itemsBetween(inspectAll(recording, settings, links), readTimeRange(recording, flags));
  if (flags.stats) {
    printStats(wanted, recording, flags);
    return;
  }
  for (const item of wanted) printItem(item, flags);
  const damage = describeDamage(recording.damage);
  if (damage !== 'none') note(`meshgate: ${inputName(file)}: ${damage}`);
}

/** All items of a recording, in order; with `links`, only those of these links. */
export function* inspectAll(
  recording: Recording,
  settings: InspectSettings,
  links?: ReadonlySet<string>,
): Generator<Item> {
  const inspector = new Inspector(settings);
  for (const entry of recording.entries()) {
    if (!links || isOfLinks(entry, links)) yield* inspector.take(entry);
  }
  yield* inspector.finish();
}

interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Ages are relative to the end of the recording. */
function readTimeRange(recording: Recording, { from, to }: InspectFlags): TimeRange {
  const end = from === undefined && to === undefined ? 0 : endOf(recording);
  return {
    from: from === undefined ? Number.NEGATIVE_INFINITY : parseTime(from, end),
    to: to === undefined ? Number.POSITIVE_INFINITY : parseTime(to, end),
  };
}

function endOf(recording: Recording): number {
  let end = 0;
  for (const { at } of recording.entries()) end = at;
  return end;
}

function* itemsBetween(items: Iterable<Item>, { from, to }: TimeRange): Generator<Item> {
  for (const item of items) if (item.at >= from && item.at <= to) yield item;
}

function printItem(item: Item, { json }: InspectFlags): void {
  if (json) printJsonLine(item);
  else print(`${formatItem(item, currentView())}\n`);
}

function printStats(items: Iterable<Item>, recording: Recording, { json }: InspectFlags): void {
  const counter = new StatsCounter();
  for (const item of items) counter.add(item);
  const stats = counter.stats(recording.head, recording.damage);
  if (json) printJson(stats);
  else print(formatStats(stats, currentView()));
}

/** Statistics of a recording. */
import type { RecordingHead } from '../../../recorder/recording.js';
import { FRAME_DROP_REASONS } from '../../../uart/frame.js';
import { formatBytesAmount } from '../../text/numbers.js';
import { type Column, formatFacts, formatTable } from '../../text/table.js';
import type { View } from '../../text/terminal.js';
import { formatDuration, formatMoment } from '../../text/time.js';
import type { Direction, Item } from './inspect-items.js';

type Counts = Record<string, number>;

interface DeviceStats {
  /** Bytes that were recorded, and those that were left out or removed. */
  received: number;
  sent: number;
  omitted: number;
}

interface LineStats {
  bytes: number;
  frames: number;
  noise: number;
  readonly dropped: Counts;
}

export interface RecordingStats extends RecordingHead {
  /** ms since the epoch, host clock; null if the recording is empty. */
  readonly from: number | null;
  readonly to: number | null;
  /** Between the two, monotonic clock. */
  readonly durationMs: number;
  readonly lines: Readonly<Record<Direction, LineStats>>;
  /** Messages of the root and its nodes by name. */
  readonly messages: Counts;
  readonly commands: Counts;
  /** By node; the root is `root`. */
  readonly consoleLines: number;
  readonly linkEnds: Counts;
  readonly clockSettings: number;
  readonly clients: Counts;
  /** By name of the link; the root's is not included. */
  readonly devices: Readonly<Record<string, DeviceStats>>;
  readonly damage: { readonly bytes: number; readonly blocks: number; readonly missing: number };
}

/** Counts items, which must include raw bytes. */
export class StatsCounter {
  readonly #lines: Record<Direction, LineStats> = { fromRoot: emptyLine(), toRoot: emptyLine() };
  readonly #messages: Counts = {};
  readonly #commands: Counts = {};
  readonly #linkEnds: Counts = {};
  readonly #clients: Counts = {};
  readonly #devices = new Map<string, DeviceStats>();
  #consoleLines = 0;
  #clockSettings = 0;
  #from: number | null = null;
  #to: number | null = null;
  #began: number | undefined;
  #durationMs = 0;

  add(item: Item): void {
    this.#from ??= item.at;
    this.#to = item.at;
    this.#began ??= item.elapsedMs;
    this.#durationMs = item.elapsedMs - this.#began;
    switch (item.kind) {
      case 'bytes':
        this.#lines[item.direction].bytes += item.hex.length / 2;
        break;
      case 'message':
        this.#lines.fromRoot.frames++;
        countUp(this.#messages, item.message.name);
        break;
      case 'command':
        this.#lines.toRoot.frames++;
        countUp(this.#commands, item.name);
        break;
      case 'dropped':
        countUp(this.#lines[item.direction].dropped, item.reason);
        break;
      case 'noise':
        this.#lines[item.direction].noise++;
        break;
      case 'console':
        this.#consoleLines++;
        break;
      case 'clock':
        this.#clockSettings++;
        break;
      case 'link':
        if (item.reason !== null) countUp(this.#linkEnds, item.reason);
        break;
      case 'client':
        countUp(this.#clients, item.what);
        break;
      case 'deviceBytes':
        this.#device(item.link)[item.direction === 'toDevice' ? 'sent' : 'received'] += item.hex.length / 2;
        break;
      case 'deviceOmitted':
        this.#device(item.link).omitted += item.bytes;
    }
  }

  #device(link: string): DeviceStats {
    const known = this.#devices.get(link);
    if (known) return known;
    const stats = { received: 0, sent: 0, omitted: 0 };
    this.#devices.set(link, stats);
    return stats;
  }

  stats(head: RecordingHead, damage: RecordingStats['damage']): RecordingStats {
    return {
      ...head,
      from: this.#from,
      to: this.#to,
      durationMs: this.#durationMs,
      lines: this.#lines,
      messages: this.#messages,
      commands: this.#commands,
      consoleLines: this.#consoleLines,
      linkEnds: this.#linkEnds,
      clockSettings: this.#clockSettings,
      clients: this.#clients,
      devices: Object.fromEntries(this.#devices),
      damage: { ...damage },
    };
  }
}

export function formatStats(stats: RecordingStats, view: View): string {
  const { terminal } = view;
  const seconds = stats.durationMs / 1000;
  const lines = [
    { name: 'from the root', ...stats.lines.fromRoot },
    { name: 'to the root', ...stats.lines.toRoot },
  ];
  const parts = [
    formatFacts(factsOf(stats, view), terminal),
    formatTable(lineColumns(seconds), lines, terminal),
    ...deviceTables(stats, view),
    ...countTables(stats, seconds).map(([title, counts, total]) =>
      formatTable(countColumns(title, total), rowsOf(counts), terminal),
    ),
  ];
  return parts.join('\n');
}

function factsOf(stats: RecordingStats, view: View): [string, string][] {
  const { from, to, gateway, redacted, damage, clients } = stats;
  const time =
    from === null || to === null
      ? 'nothing'
      : `${formatDuration(stats.durationMs)}, from ${formatMoment(from, view)} to ${formatMoment(to, view)}`;
  const asked = (clients.request ?? 0) + (clients.call ?? 0);
  return [
    ['recorded', time],
    ['by', `meshgate ${gateway || '(unknown version)'}${redacted ? ', payloads removed' : ''}`],
    ['console', `${stats.consoleLines} lines`],
    ['clock', stats.clockSettings === 0 ? 'not set' : `set ${stats.clockSettings} times`],
    ['clients', `${asked} requests, ${(clients.reply ?? 0) + (clients.result ?? 0)} replies`],
    ['damage', describeDamage(damage)],
  ];
}

export function describeDamage({ bytes, blocks, missing }: RecordingStats['damage']): string {
  if (bytes + blocks + missing === 0) return 'none';
  const unreadable = bytes === 0 ? [] : [`${formatBytesAmount(bytes)} unreadable`];
  const damaged = blocks === 0 ? [] : [`${blocks} blocks damaged`];
  return [...unreadable, ...damaged, ...(missing === 0 ? [] : [`${missing} blocks missing`])].join(', ');
}

type NamedLine = LineStats & { readonly name: string };

function lineColumns(seconds: number): Column<NamedLine>[] {
  return [
    { title: 'LINE', text: ({ name }) => name },
    { title: 'BYTES', text: ({ bytes }) => String(bytes), align: 'right' },
    { title: 'FRAMES', text: ({ frames }) => String(frames), align: 'right' },
    { title: 'PER SECOND', text: ({ frames }) => rate(frames, seconds), align: 'right' },
    { title: 'DROPPED', text: ({ dropped }) => String(totalOf(dropped)), align: 'right' },
    { title: 'NOISE', text: ({ noise }) => String(noise), align: 'right' },
  ];
}

/** Nothing if the recording has no devices. */
function deviceTables({ devices }: RecordingStats, { terminal }: View): string[] {
  const rows = Object.entries(devices).map(([name, counts]) => ({ name, ...counts }));
  if (rows.length === 0) return [];
  const columns: Column<DeviceStats & { readonly name: string }>[] = [
    { title: 'DEVICE', text: ({ name }) => name, flexible: 12 },
    { title: 'RECEIVED', text: ({ received }) => String(received), align: 'right' },
    { title: 'SENT', text: ({ sent }) => String(sent), align: 'right' },
    { title: 'OMITTED', text: ({ omitted }) => String(omitted), align: 'right' },
  ];
  return [formatTable(columns, rows, terminal)];
}

interface CountRow {
  readonly name: string;
  readonly count: number;
}

function countTables(stats: RecordingStats, seconds: number): [string, Counts, number][] {
  const dropped = Object.fromEntries(
    Object.entries(droppedOf(stats)).map(([reason, count]) => [
      FRAME_DROP_REASONS[reason as keyof typeof FRAME_DROP_REASONS],
      count,
    ]),
  );
  const tables: [string, Counts, number][] = [
    ['MESSAGE', stats.messages, seconds],
    ['COMMAND', stats.commands, seconds],
    ['DROPPED FRAME', dropped, seconds],
    ['LINK ENDED', stats.linkEnds, seconds],
  ];
  return tables.filter(([, counts]) => totalOf(counts) > 0);
}

function droppedOf({ lines: { fromRoot, toRoot } }: RecordingStats): Counts {
  const all: Counts = { ...fromRoot.dropped };
  for (const [reason, count] of Object.entries(toRoot.dropped)) all[reason] = (all[reason] ?? 0) + count;
  return all;
}

function countColumns(title: string, seconds: number): Column<CountRow>[] {
  return [
    { title, text: ({ name }) => name, flexible: 12 },
    { title: 'COUNT', text: ({ count }) => String(count), align: 'right' },
    { title: 'PER SECOND', text: ({ count }) => rate(count, seconds), align: 'right' },
  ];
}

/** The most frequent first. */
function rowsOf(counts: Counts): CountRow[] {
  return Object.entries(counts)
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count);
}

function rate(count: number, seconds: number): string {
  return seconds > 0 ? (count / seconds).toFixed(2) : '-';
}

function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function countUp(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function emptyLine(): LineStats {
  return { bytes: 0, frames: 0, noise: 0, dropped: {} };
}

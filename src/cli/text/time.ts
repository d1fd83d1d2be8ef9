/** Times as users type and read them. All are ms since the epoch; without an offset they are local. */
import { MeshgateError } from '../../base/errors.js';
import {
  beginOfDay,
  formatOffset,
  formatTimeOfDay,
  momentsOf,
  offsetAt,
  offsetIfRepeated,
  utcOf,
} from '../../base/local-time.js';
import { note } from '../output.js';
import { type IsoTime, parseIso } from './iso-time.js';
import type { View } from './terminal.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, min: MINUTE, h: HOUR, d: DAY };
const AGE = /^(?:\d+(?:\.\d+)?\s*(?:ms|s|min|m|h|d)\s*)+$/;
const AGE_PART = /(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)/g;

/**
 * Parses `now`, an age (`10m`, `1h30m`, `2d ago`), a time of today (`14:05`), or ISO 8601. A local time that occurred
 * twice because clocks were set back means the first, and `onAmbiguous` is given a note. Throws `BAD_USAGE`, also for a
 * local time that was skipped because clocks were set forward.
 */
export function parseTime(text: string, now: number, onAmbiguous: (text: string) => void = note): number {
  const trimmed = text.trim();
  const age = trimmed.replace(/\s+ago$/, '');
  if (trimmed === 'now') return now;
  if (AGE.test(age)) return now - parseDuration(age);
  const iso = parseIso(trimmed);
  if (iso) return momentOf(iso, trimmed, now, onAmbiguous);
  throw new MeshgateError(
    'BAD_USAGE',
    `"${text}" is not a valid time`,
    'use an age such as 10m, 1h or 2d, a time of today such as 14:05, or ISO 8601 such as 2026-05-01T14:05:00Z',
  );
}

function momentOf(
  { date, ms, offset }: IsoTime,
  text: string,
  now: number,
  onAmbiguous: (text: string) => void,
): number {
  const day = date ?? dateOf(now);
  if (ms === undefined) return beginOfDay({ ...day, ms: 0 });
  const fields = { ...day, ms };
  if (offset !== undefined) return utcOf(fields) - offset;
  const [first, second] = momentsOf(fields);
  if (first === undefined) throw skipped(text);
  if (second !== undefined) {
    const [taken, other] = [first, second].map((at) => formatOffset(offsetAt(at)));
    onAmbiguous(
      `meshgate: ${text} occurred twice, because clocks were set back: using the first, ${text}${taken}; the second is ${text}${other}`,
    );
  }
  return first;
}

function skipped(text: string): MeshgateError {
  return new MeshgateError(
    'BAD_USAGE',
    `${text} does not exist: clocks were set forward past it`,
    'use a time before or after it, or one with an offset from UTC, such as +02:00 or Z',
  );
}

/** The local date. */
function dateOf(at: number) {
  const date = new Date(at);
  return { year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate() };
}

/** Parses a time range; an end that is not given stays open. Throws `BAD_USAGE`. */
export function parseTimeRange(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
): TimeRange {
  const range = {
    ...(from !== undefined && { from: parseTime(from, now) }),
    ...(to !== undefined && { to: parseTime(to, now) }),
  };
  if ((range.from ?? Number.NEGATIVE_INFINITY) <= (range.to ?? Number.POSITIVE_INFINITY)) return range;
  throw new MeshgateError('BAD_USAGE', `--from ${from} is later than --to ${to}`);
}

/** Both ends are included. */
export interface TimeRange {
  readonly from?: number;
  readonly to?: number;
}

/** Parses a duration to ms: `30s`, `10m`, `1h30m`. Throws `BAD_USAGE`. */
export function parseLength(text: string): number {
  const ms = AGE.test(text.trim()) ? Math.round(parseDuration(text.trim())) : 0;
  if (ms > 0) return ms;
  throw new MeshgateError(
    'BAD_USAGE',
    `"${text}" is not a valid duration`,
    'use a duration such as 30s, 10m, 1h or 1d',
  );
}

/** ms of `10m`, `1h30m`, `500ms`; 0 for any other text. */
function parseDuration(text: string): number {
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(AGE_PART)) ms += Number(amount) * (UNITS[unit] ?? 0);
  return ms;
}

/** `3 s`, `2 min 5 s`, `1 h 4 min`, `2 d 3 h`: the two largest units. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / SECOND);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0 s';
  const shown = parts.slice(first, first + 2).filter(([amount]) => amount > 0);
  return shown.map(([amount, unit]) => `${amount} ${unit}`).join(' ');
}

/** `now`, `3 s ago`. */
export function formatAge(at: number, now: number): string {
  const ms = now - at;
  return ms < SECOND ? 'now' : `${formatDuration(ms)} ago`;
}

/**
 * `14:05:09` for today on a terminal, otherwise `2026-05-01 14:05:09`; `parseTime` accepts both. In the hour that
 * repeats when clocks are set back, the offset follows: `02:30:00+01:00`.
 */
export function formatMoment(at: number, view: View): string {
  return localMoment(at, view, '');
}

/** The same, with milliseconds. */
export function formatExactMoment(at: number, view: View): string {
  return localMoment(at, view, `.${pad(new Date(at).getMilliseconds(), 3)}`);
}

function localMoment(at: number, { terminal, now }: View, fraction: string): string {
  const isToday = terminal.isTTY && localDate(at) === localDate(now);
  return `${isToday ? '' : `${localDate(at)} `}${formatTimeOfDay(at)}${fraction}${offsetIfRepeated(at)}`;
}

/** `3 s ago (14:05:09)` */
export function formatWhen(at: number, view: View): string {
  return `${formatAge(at, view.now)} (${formatMoment(at, view)})`;
}

function localDate(at: number): string {
  const date = new Date(at);
  return `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)}`;
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}

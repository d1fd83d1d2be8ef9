/** Dates and times in ISO 8601, basic (`20261025T0230`) or extended (`2026-10-25T02:30`). */
import type { LocalFields } from '../../base/local-time.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DATE = /^(\d{4})(-?)(\d\d)\2(\d\d)$/;
const TIME = /^(\d\d)(?:(:?)(\d\d)(?:\2(\d\d))?)?(?:[.,](\d+))?$/;
/** The minus sign of ISO 8601 is U+2212; a hyphen is accepted too. */
const OFFSET = /^(?:[Zz]|([+\-\u2212])(\d\d)(?::?(\d\d))?)$/;
/** A date; a time after a `T` or a space; an offset. */
const DATE_TIME =
  /^(\d{4}-?\d\d-?\d\d)(?:[Tt ](\d\d[\d:]*(?:[.,]\d+)?)\s?([Zz]|[+\-\u2212]\d\d(?::?\d\d)?)?)?$/;
const TIME_ALONE = /^[Tt]?(\d\d:\d\d[\d:]*(?:[.,]\d+)?)\s?([Zz]|[+\-\u2212]\d\d(?::?\d\d)?)?$/;

export interface IsoTime {
  /** Absent for a time of day. */
  readonly date: Pick<LocalFields, 'year' | 'month' | 'day'> | undefined;
  /** ms since midnight; absent for a date. */
  readonly ms: number | undefined;
  /** ms ahead of UTC; absent for local time. */
  readonly offset: number | undefined;
}

/** Undefined if the text is not in this format. */
export function parseIso(text: string): IsoTime | undefined {
  const [, alone, aloneOffset] = TIME_ALONE.exec(text) ?? [];
  if (alone !== undefined) return joined(undefined, alone, aloneOffset);
  const [, date, time, offset] = DATE_TIME.exec(text) ?? [];
  return date === undefined ? undefined : joined(date, time, offset);
}

function joined(
  date: string | undefined,
  time: string | undefined,
  offset: string | undefined,
): IsoTime | undefined {
  const parts = {
    date: date && parseDate(date),
    ms: time && parseTimeOfDay(time),
    offset: offset && parseOffset(offset),
  };
  const isWrong =
    (date !== undefined && parts.date === undefined) ||
    (time !== undefined && parts.ms === undefined) ||
    (offset !== undefined && parts.offset === undefined);
  return isWrong ? undefined : (parts as IsoTime);
}

function parseDate(text: string): IsoTime['date'] {
  const [, year = 0, , month = 0, day = 0] = (DATE.exec(text) ?? []).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists && DATE.test(text) ? { year, month, day } : undefined;
}

/** A fraction belongs to the last part given; 24:00 is the end of the day. */
function parseTimeOfDay(text: string): number | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [, hours = '', , minutes, seconds, fraction = ''] = match;
  const [h, m, s] = [Number(hours), Number(minutes ?? 0), Number(seconds ?? 0)];
  const unit = seconds !== undefined ? SECOND : minutes !== undefined ? MINUTE : HOUR;
  const ms = h * HOUR + m * MINUTE + s * SECOND + Math.floor(Number(`0.${fraction || 0}`) * unit);
  return m < 60 && s < 60 && ms <= DAY ? ms : undefined;
}

function parseOffset(text: string): number | undefined {
  const [, sign, hours = '0', minutes = '0'] = OFFSET.exec(text) ?? [];
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offset = Number(hours) * HOUR + Number(minutes) * MINUTE;
  return sign === undefined || sign === '+' ? offset : -offset;
}

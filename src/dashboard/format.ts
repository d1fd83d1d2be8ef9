/** Numbers, times and bytes as the page shows them. */

import type { AgedValue, Value } from '../api/shapes.js';
import { offsetIfRepeated } from '../base/local-time.js';
import { alignNumber, decimalsOf as decimalsOfNumber } from '../base/number-text.js';
import { isPositionField, positionIn } from '../protocol/position.js';

export { formatAddress } from '../protocol/address.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An age in one unit, short enough for a column: `3 s`, `12 min`, `5 h`, `2 d`. `ms`: may be below 0. */
export function formatAge(ms: number): string {
  const age = Math.max(0, ms);
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  if (age < 2 * DAY) return `${Math.floor(age / HOUR)} h`;
  return `${Math.floor(age / DAY)} d`;
}

/** A duration as a clock: `3 d 04:05:06`. */
export function formatUptime(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / SECOND);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  const days = Math.floor(seconds / 86_400);
  return days > 0 ? `${days} d ${clock}` : clock;
}

const timeFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' });
const dateFormat = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  hourCycle: 'h23',
});

/** ` +02:00` if this local time occurs twice because clocks were set back; otherwise empty. */
export function spacedOffset(at: number): string {
  const offset = offsetIfRepeated(at);
  return offset && ` ${offset}`;
}

/** Time of day. `at`: ms since the epoch. */
export function formatTime(at: number): string {
  return timeFormat.format(at) + spacedOffset(at);
}

/** Time of day to the millisecond. `at`: ms since the epoch. */
export function formatTimeMs(at: number): string {
  return `${timeFormat.format(at)}.${String(Math.floor(at) % 1000).padStart(3, '0')}${spacedOffset(at)}`;
}

/** `at`: ms since the epoch. */
export function formatDateTime(at: number): string {
  return dateFormat.format(at) + spacedOffset(at);
}

/** Decimals that are shown of a number; 0 for text. */
export function decimalsOf(value: number | string | undefined): number {
  return typeof value === 'number' ? decimalsOfNumber(value) : 0;
}

/** A unit as it is shown: `°` for `deg`. */
export function unitSign(unit: string): string {
  return unit === 'deg' ? '°' : unit;
}

/** `1 node`, `12 nodes`. */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** A value with its unit; `44.58°` for degrees. `decimals`: the minimum number of decimals. */
export function formatField(value: number | string, unit?: string, decimals = 0): string {
  const text = typeof value === 'number' ? alignNumber(value, decimals) : value;
  if (!unit) return text;
  return unit === 'deg' ? `${text}${unitSign(unit)}` : `${text} ${unitSign(unit)}`;
}

/** The name of an enumeration's value, otherwise the value with its unit. */
export function formatNamed({ value, name, unit }: Value['fields'][string]): string {
  return name ?? formatField(value, unit);
}

/** True if a field's name says no more than its data type: `temperature` of `Temperature`. */
export function isNamedAfterType(field: string, type: string): boolean {
  return field.toLowerCase() === type.toLowerCase();
}

/** `44.58, -123.27` for a position, otherwise every field; JSON reports have many. */
export function formatValue({ fields }: Pick<Value, 'fields'>): string {
  const entries = Object.entries(fields);
  const position = positionIn(fields);
  if (position) return `${position.lat.toFixed(5)}, ${position.lon.toFixed(5)}`;
  if (entries.length === 1) return entries.map(([, field]) => formatNamed(field)).join('');
  return entries.map(([name, field]) => `${name} ${formatNamed(field)}`).join(', ');
}

/** The field to draw a trend of: a number that is neither a coordinate nor a counter. */
export function trendField({ fields }: Pick<AgedValue, 'fields'>): string | undefined {
  return Object.entries(fields).find(
    ([name, { value, unit }]) => typeof value === 'number' && isMeasured(name, unit),
  )?.[0];
}

/** True for a field that has a unit and is not a coordinate. */
export function isMeasured(name: string, unit: string | undefined): boolean {
  return unit !== undefined && unit !== 'deg' && !isPositionField(name);
}

/** `44 02 00 2A`: hex bytes separated by spaces. */
export function formatHex(hex: string): string {
  return (hex.match(/../g) ?? []).join(' ').toUpperCase();
}

const BYTES_PER_LINE = 16;

/** Offset, bytes and characters, in the style of `hexdump -C`. */
export function hexDump(hex: string): string {
  const pairs = hex.match(/../g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < pairs.length; at += BYTES_PER_LINE) {
    const line = pairs.slice(at, at + BYTES_PER_LINE);
    const text = line.map((pair) => printable(Number.parseInt(pair, 16))).join('');
    lines.push(
      `${at.toString(16).padStart(4, '0')}  ${line
        .join(' ')
        .toUpperCase()
        .padEnd(BYTES_PER_LINE * 3)} ${text}`,
    );
  }
  return lines.join('\n');
}

/** The bytes as text if all are printable; otherwise undefined. */
export function hexAsText(hex: string): string | undefined {
  const codes = (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const isText = codes.length > 0 && codes.every((code) => (code >= 0x20 && code < 0x7f) || code === 0x0a);
  return isText ? String.fromCharCode(...codes).trimEnd() : undefined;
}

function printable(code: number): string {
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.';
}

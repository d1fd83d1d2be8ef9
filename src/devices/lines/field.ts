/** One field: from the text that an instrument prints to a value. */
import { cleanText } from '../../base/clean-text.js';
import type { FieldTable } from './section.js';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const INTEGER = /^[+-]?\d{1,16}$/;
const HEX = /^(?:0x)?[0-9a-f]{1,12}$/i;
const ON = /^(?:1|on|true|yes)$/i;
const OFF = /^(?:0|off|false|no)$/i;
const MAX_TEXT_LENGTH = 256;

/** Numbers from here up are epoch seconds (September 2001), from a thousand times that ms. */
const SECONDS_SINCE_EPOCH = 1e9;
const LAST_DATE_MS = 8.64e15;

/** Undefined if the text is not a value of this field. */
export function readField({ type, min, max }: FieldTable, given: string): number | string | undefined {
  const text = given.trim();
  if (type === 'text') return cleanText(text).slice(0, MAX_TEXT_LENGTH);
  const value = readNumber(type, text);
  if (value === undefined || value < (min ?? value) || value > (max ?? value)) return undefined;
  return value;
}

function readNumber(type: Exclude<FieldTable['type'], 'text'>, text: string): number | undefined {
  switch (type) {
    case 'number':
      return NUMBER.test(text) ? finite(Number(text)) : undefined;
    case 'integer':
      return INTEGER.test(text) ? Number(text) : undefined;
    case 'hex':
      return HEX.test(text) ? Number.parseInt(text, 16) : undefined;
    case 'boolean':
      return ON.test(text) ? 1 : OFF.test(text) ? 0 : undefined;
    case 'time':
      return readTime(text);
  }
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Seconds or milliseconds since the epoch, or ISO 8601 text; ms since the epoch. */
function readTime(text: string): number | undefined {
  const number = NUMBER.test(text) ? Number(text) : undefined;
  if (number === undefined) return inRange(Date.parse(text));
  if (number < SECONDS_SINCE_EPOCH) return undefined;
  return inRange(number < SECONDS_SINCE_EPOCH * 1000 ? number * 1000 : number);
}

function inRange(ms: number): number | undefined {
  return Math.abs(ms) <= LAST_DATE_MS ? ms : undefined;
}

/** Local time and its offset from UTC, including changes to and from daylight saving time. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Fields of a local time; month 1–12; all are integers except `ms`. */
export interface LocalFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Since midnight. */
  readonly ms: number;
}

/** ms by which local time is ahead of UTC at a moment. */
export function offsetAt(at: number): number {
  return -new Date(at).getTimezoneOffset() * MINUTE;
}

/** Every moment with this local time, earliest first: none in a skipped hour, two in a repeated one. */
export function momentsOf(fields: LocalFields): number[] {
  const asUtc = utcOf(fields);
  return momentsAt(asUtc);
}

/** `asUtc`: the local fields, read as UTC. */
function momentsAt(asUtc: number): number[] {
  const offsets = new Set([offsetAt(asUtc - DAY), offsetAt(asUtc), offsetAt(asUtc + DAY)]);
  return [...offsets]
    .map((offset) => asUtc - offset)
    .filter((at) => at + offsetAt(at) === asUtc)
    .sort((a, b) => a - b);
}

/** The first moment of a local day; its midnight may be skipped. */
export function beginOfDay(fields: LocalFields): number {
  const midnight = utcOf({ ...fields, ms: 0 });
  const [first] = momentsAt(midnight);
  // With the offset before the change, this is the moment of the change.
  return first ?? midnight - offsetAt(midnight - DAY);
}

export function utcOf({ year, month, day, ms }: LocalFields): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() + ms;
}

/** `14:05:09`, local time. */
export function formatTimeOfDay(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** `+02:00` if another moment has the same local time; otherwise empty. */
export function offsetIfRepeated(at: number): string {
  const offset = offsetAt(at);
  return momentsAt(at + offset).length > 1 ? formatOffset(offset) : '';
}

/** `+02:00`, `-09:30`. */
export function formatOffset(offset: number): string {
  const minutes = Math.abs(offset) / MINUTE;
  const parts = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${offset < 0 ? '-' : '+'}${parts.join(':')}`;
}

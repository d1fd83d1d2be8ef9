/** The local time of day and its offset from UTC: what a clock that is set back or forward makes of them. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Fields of a local time; month 1–12, all whole but `ms`. */
export interface LocalFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Since midnight. */
  readonly ms: number;
}

/** ms that local time is ahead of UTC at a moment. */
export function offsetAt(at: number): number {
  return -new Date(at).getTimezoneOffset() * MINUTE;
}

/** Every moment that has this local time, the earliest first: none in the hour that is left out, two in one that is repeated. */
export function momentsOf(fields: LocalFields): number[] {
  const asUtc = utcOf(fields);
  return momentsAt(asUtc);
}

/** `asUtc`: what the fields would be in UTC. */
function momentsAt(asUtc: number): number[] {
  const offsets = new Set([offsetAt(asUtc - DAY), offsetAt(asUtc), offsetAt(asUtc + DAY)]);
  return [...offsets]
    .map((offset) => asUtc - offset)
    .filter((at) => at + offsetAt(at) === asUtc)
    .sort((a, b) => a - b);
}

/** The first moment of a local day; its midnight may have been left out. */
export function beginOfDay(fields: LocalFields): number {
  const midnight = utcOf({ ...fields, ms: 0 });
  const [first] = momentsAt(midnight);
  // With the offset before the change this is the change itself.
  return first ?? midnight - offsetAt(midnight - DAY);
}

export function utcOf({ year, month, day, ms }: LocalFields): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() + ms;
}

/** `+02:00` where the local time of this moment is also that of another one; otherwise nothing. */
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

/** Compares events with the expected ones and lists the differences. */

/** An event as in the session. */
export interface ComparedEvent {
  readonly seq: number;
  readonly kind: string;
}

/** `at`: index in the expected list, from 0. */
export type Difference =
  | { readonly kind: 'missing'; readonly at: number; readonly events: readonly ComparedEvent[] }
  | { readonly kind: 'extra'; readonly at: number; readonly events: readonly ComparedEvent[] }
  | {
      readonly kind: 'changed';
      readonly at: number;
      readonly expected: ComparedEvent;
      readonly fields: readonly FieldDifference[];
    };

export interface FieldDifference {
  /** `value.fields.latitude.value`. */
  readonly field: string;
  /** JSON; undefined if missing. */
  readonly expected: string | undefined;
  readonly got: string | undefined;
}

/** How many events are searched for the position where both lists agree again. */
const LOOK_AHEAD = 200;

/** The first `limit` differences. After an extra or missing event, the following ones do not differ by their number alone. */
export function compareEvents(
  expected: readonly ComparedEvent[],
  got: readonly ComparedEvent[],
  limit: number,
): Difference[] {
  const differences: Difference[] = [];
  let [at, gotAt, shift] = [0, 0, 0];
  while (differences.length < limit && (at < expected.length || gotAt < got.length)) {
    const [expectedEvent, found] = [expected[at], got[gotAt]];
    const fields = expectedEvent && found && differingFields(expectedEvent, found, shift);
    const step = fields?.length === 0 ? BOTH : nextStep(tail(expected, at), tail(got, gotAt));
    if (fields?.length !== 0)
      differences.push(describe(step, expected.slice(at), got.slice(gotAt), at, fields));
    at += step.expected;
    gotAt += step.got;
    if (step.expected !== step.got) shift = (got[gotAt]?.seq ?? 0) - (expected[at]?.seq ?? 0);
  }
  return differences;
}

/** How far to advance in each list. */
interface Step {
  readonly expected: number;
  readonly got: number;
}

const BOTH: Step = { expected: 1, got: 1 };

function tail(events: readonly ComparedEvent[], from: number): readonly ComparedEvent[] {
  return events.slice(from, from + LOOK_AHEAD);
}

function describe(
  step: Step,
  expected: readonly ComparedEvent[],
  got: readonly ComparedEvent[],
  at: number,
  fields: readonly FieldDifference[] = [],
): Difference {
  const [wanted] = expected;
  if (step.got === 0) return { kind: 'missing', at, events: expected.slice(0, step.expected) };
  if (step.expected === 0 || !wanted) return { kind: 'extra', at, events: got.slice(0, step.got) };
  return { kind: 'changed', at, expected: wanted, fields };
}

/** To where both lists agree again; by one in both if the first events belong together. */
function nextStep(expected: readonly ComparedEvent[], got: readonly ComparedEvent[]): Step {
  const [wanted, found] = [expected[0], got[0]];
  if (!found) return { expected: expected.length, got: 0 };
  if (!wanted) return { expected: 0, got: got.length };
  const missing = expected.findIndex((event) => isSame(event, found));
  const extra = got.findIndex((event) => isSame(wanted, event));
  if (missing > 0 && (extra <= 0 || missing <= extra)) return { expected: missing, got: 0 };
  return extra > 0 ? { expected: 0, got: extra } : BOTH;
}

function isSame(one: ComparedEvent, other: ComparedEvent): boolean {
  return contentOf(one) === contentOf(other);
}

function contentOf(event: ComparedEvent): string {
  return JSON.stringify({ ...event, seq: 0 });
}

function differingFields(expected: ComparedEvent, got: ComparedEvent, shift: number): FieldDifference[] {
  const wanted = flatten({ ...expected, seq: expected.seq + shift });
  const found = flatten(got);
  const fields = new Set([...wanted.keys(), ...found.keys()]);
  return [...fields]
    .filter((field) => wanted.get(field) !== found.get(field))
    .map((field) => ({ field, expected: wanted.get(field), got: found.get(field) }));
}

/** `value.fields.latitude.value` → its JSON. */
function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  const isBranch = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isBranch) return into.set(path, JSON.stringify(value));
  for (const [key, inner] of Object.entries(value))
    flatten(inner, path === '' ? key : `${path}.${key}`, into);
  return into;
}

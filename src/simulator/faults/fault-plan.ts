/**
 * The schema of a fault file: which faults occur, how often and for how long.
 *
 * Times in seconds are a number, or a range `[min, max]` from which each time is drawn. `after_s` is the time without the
 * fault before each occurrence, `for_s` its duration. A chance is a probability from 0 to 1.
 */
import * as z from 'zod';
import { MeshgateError } from '../../base/errors.js';
import type { Span } from '../span.js';

const LONGEST_S = 30 * 24 * 3600;
const MAX_SILENCES = 16;

function limited(min: number, max: number, what: string) {
  const error = `must be ${what} from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

function whole(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** `what` from `min` to `max`, as one number or as `[min, max]`. */
function spanOf(min: number, max: number, what: string) {
  const error = `must be ${what} from ${min} to ${max}: a number or [min, max]`;
  const number = z.number({ error }).min(min, { error }).max(max, { error });
  return z
    .union([number, z.tuple([number, number], { error })], { error })
    .transform((given): Span => {
      const [shortest, longest] = typeof given === 'number' ? [given, given] : given;
      return { min: shortest, max: longest };
    })
    .refine((span) => span.min <= span.max, { error });
}

const seconds = (min: number) =>
  spanOf(min, LONGEST_S, 'seconds').transform(
    (span): Span => ({ min: span.min * 1000, max: span.max * 1000 }),
  );

const SECTION = 'must be a section';
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape, { error: SECTION });

const chance = limited(0, 1, 'a probability');
const flag = z.boolean({ error: 'must be true or false' });
const baud = whole(300, 4_000_000);

const bytes = section({ flip: chance.default(0), lose: chance.default(0), double: chance.default(0) });

const UNTIL = 'must be "restart", "lines" or "reopen"';
const silence = section({
  after_s: seconds(0.1),
  for_s: seconds(0.001).optional(),
  until: z.enum(['restart', 'lines', 'reopen'], { error: UNTIL }).optional(),
}).refine(({ for_s, until }) => for_s !== undefined || until !== undefined, {
  path: ['for_s'],
  error: 'is required unless until is set',
});

export const planSchema = section({
  bytes: bytes.optional(),
  bytes_to_root: bytes.optional(),
  log_text: section({ chance }).optional(),
  wrong_baud: section({
    after_s: seconds(0.1),
    for_s: seconds(0.001),
    baud: baud.default(74_880),
  }).optional(),
  line: section({
    baud: baud.default(115_200),
    latency_s: seconds(0.0001).prefault([0.001, 0.016]),
  }).optional(),
  half_messages: section({ chance }).optional(),
  resets: section({
    after_s: seconds(0.1),
    times: spanOf(1, 1000, 'a number of times').prefault(1),
    apart_s: seconds(0.01).prefault(1),
    in_frame: flag.default(true),
  }).optional(),
  silence: z
    .array(silence, { error: 'must be one or more [[silence]] sections' })
    .max(MAX_SILENCES, { error: `is allowed ${MAX_SILENCES} times at most` })
    .optional(),
  hang_ups: section({ after_s: seconds(0.1), for_s: seconds(0.1) }).optional(),
  churn: section({
    share: limited(0, 0.99, 'a fraction'),
    away_s: seconds(0.1).prefault([60, 300]),
  }).optional(),
  storm: section({
    after_s: seconds(0.1),
    for_s: seconds(0.1),
    rate_hz: limited(0.1, 1000, 'updates per second'),
  }).optional(),
});

/** A fault file as written. */
export type GivenFaults = z.input<typeof planSchema>;

/** A checked fault file, with times as spans of virtual milliseconds. */
export type FaultPlan = z.output<typeof planSchema>;

/** Checks a fault file. Throws `BAD_CONFIG` with `source`, the key, its value and the reason. */
export function readFaults(given: unknown, source: string): FaultPlan {
  const result = planSchema.safeParse(given);
  if (result.success) return result.data;
  throw badFaults(result.error.issues[0], given, source);
}

function badFaults(issue: z.core.$ZodIssue | undefined, given: unknown, source: string): MeshgateError {
  if (issue?.code === 'unrecognized_keys') {
    const key = [...issue.path, issue.keys[0]].join('.');
    return new MeshgateError('BAD_CONFIG', `${source}: ${key}: unknown fault or setting`);
  }
  const at = issue?.path ?? [];
  const value = JSON.stringify(valueAt(given, at));
  const shown = value === undefined ? '' : ` = ${value}`;
  return new MeshgateError('BAD_CONFIG', `${source}: ${at.join('.')}${shown}: ${issue?.message}`);
}

function valueAt(given: unknown, at: readonly PropertyKey[]): unknown {
  return at.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    given,
  );
}

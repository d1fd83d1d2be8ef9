/** What a setting can be: each checks what was given, by file, variable or flag, and says what is allowed. */
import * as z from 'zod';
import { ROLES } from './role.js';

const SECTION = 'must be a section';
/** What a section says that is not one. */
export const SECTION_ERROR = { error: SECTION };
export const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape, SECTION_ERROR);

/** Numbers; variables and flags give them as text. */
export const number = (min: number, max: number, what: string) => {
  const error = `must be a ${what} from ${min} to ${max}`;
  return z
    .union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/, { error })], { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error });
};

export const whole = (min: number, max: number) =>
  number(min, max, 'whole number').refine(Number.isInteger, {
    error: `must be a whole number from ${min} to ${max}`,
  });

export const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])], { error: 'must be true or false' })
  .transform((value) => value === true || value === 'true' || value === '1');

/** Text: `error` is the one message for all that can be wrong with it. */
export const text = (error: string) => z.string({ error });

/** A value that nobody must see in an error, a log or an output: only the setting's name is printed. */
export function secret<Setting extends z.ZodType>(setting: Setting): Setting {
  return setting.meta({ isSecret: true });
}

export function isSecret(setting: z.core.$ZodType): boolean {
  return z.globalRegistry.get(setting)?.isSecret === true;
}

const PATH = 'must be a path';
export const path = text(PATH).min(1, { error: PATH });

/** A list; variables and flags give it as text, with commas between its entries. */
export const list = <Entry extends z.ZodType>(entry: Entry, error: string) =>
  z.preprocess(listed, z.array(entry, { error }));

function listed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const entries = value.split(',').map((entry) => entry.trim());
  return entries.filter(Boolean);
}

const MODE = 'must be permission bits in octal, such as "0660"';
export const mode = text(MODE)
  .regex(/^0?[0-7]{3}$/, { error: MODE })
  .transform((bits) => Number.parseInt(bits, 8));

const GROUP = "must be a group's name or number";
export const group = text(GROUP).min(1, { error: GROUP });

export const role = z.enum(ROLES, { error: 'must be read, send or admin' });

export const token = z.string().min(16, { error: 'must have at least 16 characters' });

/** Seconds. */
export const minute = 60;
export const day = 24 * 60 * minute;

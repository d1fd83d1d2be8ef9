/** Kinds of settings. Each checks the value from file, variable or flag; its error says what is allowed. */
import * as z from 'zod';
import { ROLES } from './role.js';

const SECTION = 'must be a section';
/** The error for a value that should be a section. */
export const SECTION_ERROR = { error: SECTION };
export const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape, SECTION_ERROR);

/** A number; text from variables and flags. */
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

/** Text; `error` is the only message for it. */
export const text = (error: string) => z.string({ error });

/** A value that must not appear in errors, logs or output: only the setting's name is printed. */
export function secret<Setting extends z.ZodType>(setting: Setting): Setting {
  return setting.meta({ isSecret: true });
}

export function isSecret(setting: z.core.$ZodType): boolean {
  return z.globalRegistry.get(setting)?.isSecret === true;
}

const PATH = 'must be a path';
export const path = text(PATH).min(1, { error: PATH });

/** A list; comma-separated text from variables and flags. */
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

/** A section that is either `[name]` or several `[[name]]`. */
export type TableOrTables<Table extends z.ZodObject = z.ZodObject> = z.ZodType<
  z.output<Table> | readonly z.output<Table>[]
>;

/** Each opens ports, or holds a device. */
const MAX_TABLES = 8;

/** `[name]` once, which variables can set too, or `[[name]]` any number of times. */
export function tableOrTables<Table extends z.ZodObject>(table: Table, error: string): TableOrTables<Table> {
  const list = z.array(table, { error }).max(MAX_TABLES, { error });
  const check = z.transform((given: unknown, context): z.output<Table> | readonly z.output<Table>[] => {
    const result = Array.isArray(given) ? list.safeParse(given) : table.safeParse(given);
    if (result.success) return result.data;
    for (const issue of result.error.issues)
      context.issues.push({ ...issue, input: given } as z.core.$ZodRawIssue);
    return z.NEVER;
  });
  return check.meta({ table });
}

/** The table of a section that is one or several. */
export function tableIn(schema: z.core.$ZodType): z.ZodObject | undefined {
  const table = z.globalRegistry.get(schema)?.table;
  return table instanceof z.ZodObject ? table : undefined;
}

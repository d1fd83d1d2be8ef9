import * as z from 'zod';
import { errorText, MeshgateError } from '../base/errors.js';
import { readTextFile } from '../base/text-file.js';
import { nameKey, numberIn } from './names.js';

/** Accepts a whole number from `min` to `max`, written as 5, "5" or "0x05". */
export function numberOrHex(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}, written as 5 or "0x05"`;
  return z
    .union([z.number(), z.string().regex(/^(0x[0-9a-f]+|\d+)$/i, { error })], { error })
    .transform(Number)
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error });
}

/**
 * Reads a JSON file and checks it against a schema.
 * Throws `BAD_TABLE` with file, key and reason.
 */
export function readJsonTable<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  return checkJsonTable(file, readJson(file), schema);
}

/** Checks the content of a JSON file. Throws `BAD_TABLE` with file, key and reason. */
export function checkJsonTable<Schema extends z.ZodType>(
  file: string,
  json: unknown,
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw badTable(file, issue?.path.join('.') ?? '', issue?.message ?? 'not valid');
}

/** A `BAD_TABLE` error with file, key and reason. */
export function badTable(file: string, key: string, reason: string): MeshgateError {
  return new MeshgateError('BAD_TABLE', `${file}: ${key === '' ? '' : `${key}: `}${reason}`);
}

/** Throws `BAD_TABLE` if the name of an entry looks like a number other than its own. `number`: of an entry. */
export function refuseNumbers<Entry extends { readonly name: string }>(
  file: string,
  key: string,
  entries: readonly Entry[],
  number: (entry: Entry) => number,
): void {
  entries.forEach((entry, index) => {
    const read = numberIn(entry.name);
    if (read === undefined || read === number(entry)) return;
    throw badTable(file, `${key}.${index}.name`, `${entry.name} looks like a number, but not its own`);
  });
}

/** Throws `BAD_TABLE` if two entries of the list at `key` have names with the same `nameKey`. */
export function refuseAlikeNames(
  file: string,
  key: string,
  entries: readonly { readonly name: string }[],
): void {
  const seen = new Map<string, string>();
  entries.forEach(({ name }, index) => {
    const earlier = seen.get(nameKey(name));
    const why = earlier === name ? 'is already taken' : `is already taken by ${earlier} (case is ignored)`;
    if (earlier !== undefined) throw badTable(file, `${key}.${index}.name`, `${name} ${why}`);
    seen.set(nameKey(name), name);
  });
}

/** Throws `BAD_TABLE` if two entries of the list at `key` have the same value of `name`. */
export function refuseRepeats<Name extends string>(
  file: string,
  key: string,
  entries: readonly Readonly<Record<Name, number | string>>[],
  name: Name,
): void {
  const seen = new Set<number | string>();
  entries.forEach(({ [name]: value }, index) => {
    if (seen.has(value)) throw badTable(file, `${key}.${index}.${name}`, `${value} is already taken`);
    seen.add(value);
  });
}

/** Throws `BAD_TABLE` with the file's name if it can't be read. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readTextFile(file));
  } catch (error) {
    throw new MeshgateError('BAD_TABLE', `${file}: ${errorText(error)}`, undefined, { cause: error });
  }
}

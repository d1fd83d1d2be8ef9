import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { errorText, MeshgateError } from '../errors.js';

/** A whole number written as 5, "5" or "0x05", within `min`–`max`. */
export function numberOrHex(min: number, max: number) {
  const text = `a number from ${min} to ${max}, as 5 or "0x05"`;
  return z
    .union([z.number(), z.string().regex(/^(0x[0-9a-f]+|\d+)$/i, { error: `must be ${text}` })])
    .transform(Number)
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error: `must be ${text}` });
}

/**
 * Reads a JSON file and checks it against a schema.
 * Throws `BAD_TABLE` that names the file, the key and the reason.
 */
export function readJsonTable<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(readJson(file));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw badTable(file, issue?.path.join('.') ?? '', issue?.message ?? 'is wrong');
}

/** A `BAD_TABLE` error that names file, key and reason. */
export function badTable(file: string, key: string, reason: string): MeshgateError {
  return new MeshgateError('BAD_TABLE', `${file}: ${key === '' ? '' : `${key}: `}${reason}`);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new MeshgateError('BAD_TABLE', `${file}: ${errorText(error)}`, undefined, { cause: error });
  }
}

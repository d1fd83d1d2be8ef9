/** Which settings are secret, wherever they are in the schema. */
import * as z from 'zod';
import { isSecret } from './fields.js';

/** The paths of all secret settings; `*`: any entry of a list. */
export function listSecrets(schema: z.core.$ZodType, path: readonly string[] = []): (readonly string[])[] {
  if (isSecret(schema)) return [path];
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).flatMap(([key, inner]) => listSecrets(inner, [...path, key]));
  if (schema instanceof z.ZodArray) return listSecrets(schema.element, [...path, '*']);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => listSecrets(option, path));
  return isWrapper(schema) ? listSecrets(schema.unwrap(), path) : [];
}

function isWrapper(schema: z.core.$ZodType): schema is z.ZodOptional | z.ZodDefault | z.ZodPrefault {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
}

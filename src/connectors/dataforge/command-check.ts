/** Commands are checked by the package's own schema, and before that by the site's, if there is one. */
import * as z from 'zod';
import { errorText } from '../../base/errors.js';
import { readTextFile } from '../../base/text-file.js';
import { badDataforge } from '../../config/sections/dataforge.js';

/** A command of the HV server. */
export type HvCommand =
  | { readonly name: 'set_voltage'; readonly values: { readonly voltage: number } }
  | {
      readonly name: 'set_voltage_and_check';
      readonly values: { readonly voltage: number; readonly max_error: number; readonly timeout: number };
    };

/** What is wrong with a meta, for its sender; undefined if nothing is. */
export type MetaCheck = (meta: unknown) => string | undefined;

const number = z.number({ error: 'must be a number' });
const common = {
  type: z.literal('command', { error: 'must be "command"' }),
  block: z.union([z.literal(1), z.literal('1')], { error: 'must be 1 or "1"' }),
  voltage: number,
};

const schema = z.discriminatedUnion(
  'command_type',
  [
    z.looseObject({ ...common, command_type: z.literal('set_voltage') }),
    z.looseObject({
      ...common,
      command_type: z.literal('set_voltage_and_check'),
      max_error: number,
      timeout: number,
    }),
  ],
  { error: 'must be "set_voltage" or "set_voltage_and_check"' },
);

export const HV_COMMANDS: ReadonlySet<unknown> = new Set(['set_voltage', 'set_voltage_and_check']);

/** The command in a meta, or what is wrong with it. A missing key is reported first. */
export function readHvCommand(meta: unknown): HvCommand | string {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta))
    return 'the message must be an object';
  const { success, data, error } = schema.safeParse(meta);
  if (!success) return describeIssues(error.issues, meta);
  const { voltage } = data;
  if (data.command_type === 'set_voltage') return { name: 'set_voltage', values: { voltage } };
  const { max_error, timeout } = data;
  return { name: 'set_voltage_and_check', values: { voltage, max_error, timeout } };
}

function describeIssues(issues: readonly z.core.$ZodIssue[], meta: object): string {
  const keyOf = ({ path }: z.core.$ZodIssue) => String(path[0] ?? 'message');
  const missing = issues.find((issue) => !Object.hasOwn(meta, keyOf(issue)));
  const [first] = issues;
  if (missing) return `${keyOf(missing)} is missing`;
  return first ? `${keyOf(first)} ${first.message}` : 'not a command';
}

/** A site's JSON schema (draft-07). Throws `BAD_CONFIG`. Loaded only if there is one. */
export async function loadSiteSchema(file: string): Promise<MetaCheck> {
  const { Ajv } = await import('ajv');
  try {
    const ajv = new Ajv({ allErrors: true, strict: false });
    const validate = ajv.compile(JSON.parse(readTextFile(file)) as object);
    return (meta) => {
      if (validate(meta)) return undefined;
      const errors = validate.errors ?? [];
      const first = errors.find(({ keyword }) => keyword === 'required') ?? errors[0];
      return `${first?.instancePath.slice(1) || 'the message'} ${first?.message ?? 'does not fit the schema'}`;
    };
  } catch (error) {
    throw badDataforge('schema', `${file}: ${errorText(error)}`);
  }
}

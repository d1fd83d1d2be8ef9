/**
 * Settings: defaults < TOML file < `MESHGATE_*` variables < flags, checked by one schema.
 *
 * A setting has the same name everywhere: `mesh.idle_after_s` is the key `idle_after_s` of the section `[mesh]`, and the
 * variable `MESHGATE_MESH_IDLE_AFTER_S`.
 */
import type * as z from 'zod';
import { errorText, MeshgateError } from '../base/errors.js';
import { readTextFile } from '../base/text-file.js';
import { parseToml } from '../base/toml.js';
import { type GivenSettings, merge, valueAt } from './given.js';
import { type Config, composeSchema, type ExtraSections } from './schema.js';
import { listSecrets } from './secrets.js';
import { CONFIG_FILE_VARIABLE, fileOnly, listVariables, readVariables, variableName } from './variables.js';

export interface ConfigSources {
  /** From the command line. */
  readonly flags: GivenSettings;
  /** From `--config`; default: `MESHGATE_CONFIG`. */
  readonly file?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Reads and merges all settings; `extra`: sections of connectors and devices.
 * Throws `BAD_CONFIG` with the setting's name, its value unless it is secret, and what is allowed.
 */
export function loadConfig({ flags, file, env = process.env }: ConfigSources, extra: ExtraSections): Config {
  const schema = composeSchema(extra);
  const variables = listVariables(schema);
  const configFile = file ?? env[CONFIG_FILE_VARIABLE];
  const fromFile = configFile === undefined ? {} : readToml(configFile);
  const fromEnvironment = readVariables(env, variables, fileOnly(schema));
  const given = merge(merge(fromFile, fromEnvironment), flags);
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const sources = { flags, fromEnvironment, fromFile, given, configFile };
  throw badSetting(result.error.issues[0], sources, schema);
}

/** Every setting's name: `port`, `mesh.idle_after_s` … */
export function settingNames(extra: ExtraSections): string[] {
  const schema = composeSchema(extra);
  return [...listVariables(schema).map(({ path }) => path.join('.')), ...fileOnly(schema)];
}

/** Names of the settings that are secret; `*`: any table of a list. */
export function secretSettings(extra: ExtraSections): string[] {
  return listSecrets(composeSchema(extra)).map((path) => path.join('.'));
}

interface Given {
  readonly flags: GivenSettings;
  readonly fromEnvironment: GivenSettings;
  readonly fromFile: GivenSettings;
  readonly given: GivenSettings;
  readonly configFile: string | undefined;
}

function readToml(file: string): GivenSettings {
  if (file === '-') {
    throw new MeshgateError(
      'BAD_CONFIG',
      'cannot read settings from standard input, because a reload reads them again',
      'use the path of a TOML file',
    );
  }
  try {
    return parseToml(readTextFile(file));
  } catch (error) {
    throw new MeshgateError('BAD_CONFIG', `${file}: ${errorText(error)}`, undefined, { cause: error });
  }
}

function badSetting(issue: z.core.$ZodIssue | undefined, sources: Given, schema: z.ZodObject): MeshgateError {
  if (issue?.code === 'unrecognized_keys') {
    const name = [...issue.path, issue.keys[0]].join('.');
    return new MeshgateError(
      'BAD_CONFIG',
      `${name}: unknown setting${originOf([...issue.path, issue.keys[0] ?? ''], sources)}`,
    );
  }
  const at = givenPath(issue?.path ?? [], sources.given);
  const value = mayShow(at, schema)
    ? ` = ${JSON.stringify(valueAt(sources.given, at) ?? valueAt(schema.parse({}), at))}`
    : '';
  return new MeshgateError(
    'BAD_CONFIG',
    `${at.join('.')}${value}: ${issue?.message}${originOf(at, sources)}`,
  );
}

/** False for a secret, and for a section that contains one. */
function mayShow(at: readonly PropertyKey[], schema: z.ZodObject): boolean {
  return !listSecrets(schema).some((path) =>
    at.every((key, index) => index >= path.length || path[index] === '*' || path[index] === key),
  );
}

/** The setting that an issue is about: `tcp.0` may be an entry of a value given for `tcp`. */
function givenPath(at: readonly PropertyKey[], given: GivenSettings): readonly PropertyKey[] {
  const isEntry = typeof at.at(-1) === 'number';
  return isEntry && valueAt(given, at) === undefined ? at.slice(0, -1) : at;
}

/** Where a setting was given, for people. */
function originOf(
  at: readonly PropertyKey[],
  { flags, fromEnvironment, fromFile, configFile }: Given,
): string {
  if (valueAt(flags, at) !== undefined) return ' (given on the command line)';
  if (valueAt(fromEnvironment, at) !== undefined) return ` (given by ${variableName(at.map(String))})`;
  return valueAt(fromFile, at) === undefined ? ' (the default)' : ` (in ${configFile})`;
}

/** Every setting's name, and its `MESHGATE_*` variable. */
import * as z from 'zod';
import { MeshgateError } from '../base/errors.js';
import { isSecret, tableIn } from './fields.js';
import { type GivenSettings, merge, nest } from './given.js';

/** The variable of a setting; `path`: where it is in the settings. */
export interface Variable {
  readonly name: string;
  readonly path: readonly string[];
  readonly isSecret: boolean;
}

const PREFIX = 'MESHGATE_';
/** Variables that are not settings: the settings file, and the fleet that a client talks to. */
export const CONFIG_FILE_VARIABLE = 'MESHGATE_CONFIG';
const FLEET_VARIABLES = /^MESHGATE_FLEET(_(PREFIX|USER|PASSWORD|CA_FILE))?$/;

/** Tables with free keys, and lists of tables: only in the file. */
export function fileOnly(schema: z.ZodObject): string[] {
  const lists = Object.entries(schema.shape).flatMap(([name, entry]) => [
    ...(isListOfTables(entry) ? [name] : []),
    ...settingsIn(name, entry).flatMap(({ path, setting }) =>
      path.length > 1 && isListOfTables(setting) ? [path.join('.')] : [],
    ),
  ]);
  return ['names', 'sockets', ...lists];
}

/** A section of a connector or a device, or in one. */
function isListOfTables(entry: z.core.$ZodType): boolean {
  return entry instanceof z.ZodPrefault && entry.unwrap() instanceof z.ZodArray;
}

export function listVariables(schema: z.ZodObject): Variable[] {
  const others = fileOnly(schema);
  const top = Object.entries(schema.shape).filter(([name]) => !others.includes(name));
  return top
    .flatMap(([name, entry]) => settingsIn(name, entry))
    .filter(({ path }) => !others.includes(path.join('.')))
    .map(({ path, setting }) => ({ name: variableName(path), path, isSecret: isSecret(setting) }));
}

/** The settings of a section, or a single setting. */
function settingsIn(name: string, entry: z.core.$ZodType) {
  const inner = entry instanceof z.ZodPrefault ? entry.unwrap() : undefined;
  const section = inner && (tableIn(inner) ?? inner);
  if (!(section instanceof z.ZodObject)) return [{ path: [name], setting: entry }];
  return Object.entries(section.shape).map(([key, setting]) => ({ path: [name, key], setting }));
}

/** Unknown variables are errors: otherwise a misspelt one would be silently ignored. */
export function readVariables(
  env: NodeJS.ProcessEnv,
  variables: readonly Variable[],
  others: readonly string[],
): GivenSettings {
  let settings: GivenSettings = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || name === CONFIG_FILE_VARIABLE || value === undefined) continue;
    if (FLEET_VARIABLES.test(name)) continue;
    const variable = variables.find((known) => known.name === name);
    if (!variable) throw badVariable(name, others);
    settings = merge(settings, nest(variable.path, value));
  }
  return settings;
}

export function variableName(path: readonly string[]): string {
  return PREFIX + path.join('_').toUpperCase();
}

function badVariable(name: string, others: readonly string[]): MeshgateError {
  const other = others.find((setting) => variableName(setting.split('.')) === name);
  const why = other === undefined ? 'unknown setting' : `${other} can be set only in the file`;
  return new MeshgateError('BAD_CONFIG', `${name}: ${why}`);
}

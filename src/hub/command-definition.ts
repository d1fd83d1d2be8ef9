/** What a device can be commanded to do, and the check of the arguments that a caller gives. */
import { isOneWord } from './device-id.js';

export const ARGUMENT_TYPES = ['number', 'integer', 'text', 'boolean', 'choice'] as const;

export type ArgumentType = (typeof ARGUMENT_TYPES)[number];
export type ArgumentValue = number | string | boolean;
/** By name. */
export type ArgumentValues = Readonly<Record<string, ArgumentValue>>;

export interface CommandArgument {
  /** One word. */
  readonly name: string;
  readonly type: ArgumentType;
  readonly summary?: string;
  readonly unit?: string;
  /** Bounds of a number, both included; of a text, of its length. A number that drives hardware should have both. */
  readonly min?: number;
  readonly max?: number;
  /** Of `choice`: every value that it can have. */
  readonly choices?: readonly string[];
  /** Used where it is not given. An argument without a default must be given, unless it is optional. */
  readonly default?: ArgumentValue;
  readonly optional?: boolean;
}

export interface CommandDefinition {
  /** One word: `set-voltage`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly CommandArgument[];
  /** Needed to run it; `send` unless given. */
  readonly role?: 'send' | 'admin';
  /** It moves, switches or heats something: a person is asked to confirm it. */
  readonly isHazardous?: boolean;
  /** It can be aborted while it runs. */
  readonly isAbortable?: boolean;
  /** ms without progress after which it has failed; 60,000 unless given. */
  readonly timeoutMs?: number;
}

/** Commands of one device. */
export const MAX_COMMANDS = 100;
const MAX_ARGUMENTS = 32;
const MAX_TEXT_LENGTH = 4096;

/** Why a device can't have these commands; undefined when it can. */
export function findDefinitionFault(definitions: readonly CommandDefinition[]): string | undefined {
  if (definitions.length > MAX_COMMANDS) return `more than ${MAX_COMMANDS} commands`;
  if (hasRepeats(definitions)) return 'two commands of the same name';
  for (const { name, arguments: given } of definitions) {
    if (!isOneWord(name)) return `"${name}" is not one word`;
    if (given.length > MAX_ARGUMENTS) return `${name} has more than ${MAX_ARGUMENTS} arguments`;
    if (hasRepeats(given)) return `${name} has two arguments of the same name`;
    const fault = given.map(findArgumentFault).find((found) => found !== undefined);
    if (fault !== undefined) return `${name}: ${fault}`;
  }
  return undefined;
}

function hasRepeats(named: readonly { readonly name: string }[]): boolean {
  return new Set(named.map(({ name }) => name)).size < named.length;
}

function findArgumentFault(argument: CommandArgument): string | undefined {
  const { name, type, choices, default: value } = argument;
  if (!isOneWord(name)) return `"${name}" is not one word`;
  if ((type === 'choice') !== (choices !== undefined && choices.length > 0))
    return `${name}: a choice, and nothing else, has choices`;
  return value === undefined ? undefined : findValueFault(argument, value);
}

/** The arguments with their defaults, or what is wrong with them, for the caller. */
export function checkArguments(
  { arguments: expected }: CommandDefinition,
  given: Readonly<Record<string, unknown>>,
): { readonly values: ArgumentValues } | { readonly fault: string } {
  const unknown = Object.keys(given).find((name) => !expected.some((argument) => argument.name === name));
  if (unknown !== undefined) {
    const names = expected.map(({ name }) => name).join(', ') || 'none';
    return { fault: `unknown argument "${unknown}"; available: ${names}` };
  }
  const values: Record<string, ArgumentValue> = {};
  for (const argument of expected) {
    const value = given[argument.name] ?? argument.default;
    if (value === undefined && argument.optional) continue;
    const fault = value === undefined ? `${argument.name} is missing` : findValueFault(argument, value);
    if (fault !== undefined) return { fault };
    values[argument.name] = value as ArgumentValue;
  }
  return { values };
}

function findValueFault(argument: CommandArgument, value: unknown): string | undefined {
  const { name, type, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, choices } = argument;
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `${name} must be true or false`;
    case 'choice':
      return choices?.includes(value as string) ? undefined : `${name} must be one of ${choices?.join(', ')}`;
    case 'text': {
      const longest = Math.min(max, MAX_TEXT_LENGTH);
      const fits = typeof value === 'string' && value.length >= Math.max(0, min) && value.length <= longest;
      return fits ? undefined : `${name} must be a text of ${Math.max(0, min)} to ${longest} characters`;
    }
    default: {
      const isNumber = typeof value === 'number' && Number.isFinite(value);
      if (isNumber && value >= min && value <= max && (type === 'number' || Number.isInteger(value)))
        return undefined;
      return `${name} must be ${type === 'integer' ? 'an integer' : 'a number'}${rangeText(argument)}`;
    }
  }
}

function rangeText({ min, max, unit }: CommandArgument): string {
  const withUnit = (bound: number) => (unit === undefined ? `${bound}` : `${bound} ${unit}`);
  if (min !== undefined && max !== undefined) return ` from ${min} to ${withUnit(max)}`;
  if (min !== undefined) return ` of at least ${withUnit(min)}`;
  return max === undefined ? '' : ` of at most ${withUnit(max)}`;
}

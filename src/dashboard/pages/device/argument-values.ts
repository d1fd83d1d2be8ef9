/** What a person enters for the arguments of a command, as the values that the gateway expects. */
import type { CommandInfo } from '../../../api/shapes.js';
import type { Params } from '../../api.js';

export type Argument = CommandInfo['arguments'][number];
export type ArgumentValues = NonNullable<Params<'command'>['arguments']>;
type ArgumentValue = ArgumentValues[string];

/** By the argument's name. `isBad`: the browser can't read it as a number. */
export type Drafts = Readonly<Record<string, { readonly text: string; readonly isBad?: boolean }>>;

export interface ReadArguments {
  readonly values: ArgumentValues;
  /** What to correct, by the argument's name. */
  readonly faults: Readonly<Record<string, string>>;
}

/** Defaults are filled in. */
export function firstDrafts(args: readonly Argument[]): Drafts {
  return Object.fromEntries(args.map(({ name, default: value }) => [name, { text: String(value ?? '') }]));
}

/** Arguments that are left empty are left out, if they may be. */
export function readArguments(args: readonly Argument[], drafts: Drafts): ReadArguments {
  const values: ArgumentValues = {};
  const faults: Record<string, string> = {};
  for (const argument of args) {
    const { text = '', isBad = false } = drafts[argument.name] ?? {};
    const value = isBad ? undefined : readValue(argument, text);
    if (value !== undefined) values[argument.name] = value;
    else if (isBad || text !== '' || argument.required) faults[argument.name] = `${adviceFor(argument)}.`;
  }
  return { values, faults };
}

/** Undefined if the text is empty or not valid. */
function readValue(argument: Argument, text: string): ArgumentValue | undefined {
  const { type, choices, required } = argument;
  switch (type) {
    case 'boolean':
      return text === '' ? undefined : text === 'true';
    case 'choice':
      return choices?.includes(text) ? text : undefined;
    case 'text':
      return (text !== '' || required) && isWithin(argument, text.length) ? text : undefined;
    default:
      return numberOf(argument, text);
  }
}

function numberOf(argument: Argument, text: string): number | undefined {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const isWhole = argument.type === 'number' || Number.isInteger(value);
  return Number.isFinite(value) && isWhole && isWithin(argument, value) ? value : undefined;
}

function isWithin({ min, max }: Argument, value: number): boolean {
  return value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY);
}

function adviceFor(argument: Argument): string {
  switch (argument.type) {
    case 'boolean':
    case 'choice':
      return 'Choose a value';
    case 'text':
      return `Enter a text${rangeOf(argument)}`;
    case 'integer':
      return `Enter a whole number${rangeOf(argument)}`;
    default:
      return `Enter a number${rangeOf(argument)}`;
  }
}

/** ` from 0 to 100 mm`, ` of at most 5 characters`; empty without limits. */
function rangeOf({ type, min, max, unit }: Argument): string {
  const end = type === 'text' ? ' characters' : unit === null ? '' : ` ${unit}`;
  if (min !== null && max !== null) return ` ${type === 'text' ? 'of' : 'from'} ${min} to ${max}${end}`;
  if (min !== null) return ` of at least ${min}${end}`;
  return max === null ? '' : ` of at most ${max}${end}`;
}

/** `0 to 100 mm`, `at most 5 characters`, `mm`; empty if there is nothing to say. */
export function hintOf(argument: Argument): string {
  const range = rangeOf(argument).replace(/^ (from|of) /, '');
  return range === '' && argument.unit !== null ? argument.unit : range;
}

/** `5 mm`, `yes`. */
export function formatArgument(value: ArgumentValue, unit: string | null | undefined): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return unit ? `${value} ${unit}` : String(value);
}

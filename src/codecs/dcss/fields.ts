/** Messages as tables: each row names the tokens of a message in their order, and is used to read and to write it. */
import { isName, restAfter, tokensOf } from './text.js';

export interface Field<Value> {
  /** `list` and `rest` take everything up to the end. */
  readonly takes: 'one' | 'optional' | 'list' | 'rest';
  readonly read: (token: string) => Value | undefined;
  readonly write: (value: Value) => string;
}

/** A field of any value. */
interface AnyField {
  readonly takes: Field<unknown>['takes'];
  read(token: string): unknown;
  write(value: never): string;
}

type Row = Readonly<Record<string, AnyField>>;
export type MessageTable = Readonly<Record<string, Row>>;

type ValueOf<F> = F extends Field<infer Value> ? Value : never;
type Fields<R> = {
  readonly [Key in keyof R]: R[Key] extends { readonly takes: 'list' }
    ? readonly ValueOf<R[Key]>[]
    : ValueOf<R[Key]>;
};
/** A message of a table; `name` says which. */
export type MessageIn<Table> = {
  [Name in keyof Table]: { readonly name: Name } & Fields<Table[Name]>;
}[keyof Table];

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
/** More would need more characters than a message about a motor has. */
const MAX_NUMBER = 1e15;
const DECIMALS = 5;

export function numberOf(token: string): number | undefined {
  const value = NUMBER.test(token) ? Number(token) : Number.NaN;
  return Math.abs(value) <= MAX_NUMBER ? value : undefined;
}

/** Positions and times as DCSS writes them. */
export function formatNumber(value: number): string {
  const text = (Math.abs(value) <= MAX_NUMBER ? value : 0).toFixed(DECIMALS);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

export const deviceName: Field<string> & { takes: 'one' } = {
  takes: 'one',
  read: (token) => (isName(token) ? token : undefined),
  write: String,
};
export const word: Field<string> & { takes: 'one' } = { takes: 'one', read: String, write: String };
export const optionalWord: Field<string | undefined> & { takes: 'optional' } = {
  takes: 'optional',
  read: String,
  write: (value) => value ?? '',
};
export const number: Field<number> & { takes: 'one' } = { takes: 'one', read: numberOf, write: formatNumber };
export const flag: Field<boolean> & { takes: 'one' } = {
  takes: 'one',
  read: (token) => (token === '0' || token === '1' ? token === '1' : undefined),
  write: (value) => (value ? '1' : '0'),
};
export const rest: Field<string> & { takes: 'rest' } = { takes: 'rest', read: String, write: String };
export const words: Field<string> & { takes: 'list' } = { takes: 'list', read: String, write: String };

export function oneOf<Choice extends string>(
  ...choices: readonly Choice[]
): Field<Choice> & { takes: 'one' } {
  return {
    takes: 'one',
    read: (token) => choices.find((choice) => choice === token),
    write: (value) => value,
  };
}

/** `unknown`: no such message; `malformed`: too few tokens, or one that is not valid. */
export type Unread = 'unknown' | 'malformed';

export function readMessage<Table extends MessageTable>(
  table: Table,
  text: string,
  normalise: (name: string, tokens: readonly string[]) => readonly string[] = (_, tokens) => tokens,
): MessageIn<Table> | Unread {
  const [name = '', ...given] = tokensOf(text);
  const row = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!row) return 'unknown';
  const tokens = normalise(name, given);
  const values: Record<string, unknown> = { name };
  for (const [index, [key, field]] of Object.entries(row).entries()) {
    const value = readField(field, tokens, index, text);
    if (value === undefined && field.takes !== 'optional') return 'malformed';
    if (value !== undefined) values[key] = value;
  }
  return values as MessageIn<Table>;
}

function readField(field: AnyField, tokens: readonly string[], index: number, text: string): unknown {
  if (field.takes === 'rest') return field.read(restAfter(text, index + 1));
  if (field.takes === 'list') return tokens.slice(index).map((token) => field.read(token));
  const token = tokens[index];
  return token === undefined ? undefined : field.read(token);
}

/** The text of a message; spaces at its end are left out. */
export function writeMessage<Table extends MessageTable>(table: Table, message: MessageIn<Table>): string {
  const values = message as Readonly<Record<string, unknown>> & { readonly name: string };
  const row: Row = table[values.name] ?? {};
  const written = Object.entries(row).flatMap(([key, field]) => {
    const value = values[key];
    if (field.takes === 'list') return (value as readonly never[]).map((one) => field.write(one));
    return value === undefined ? [] : [field.write(value as never)];
  });
  return [values.name, ...written].join(' ').trimEnd();
}

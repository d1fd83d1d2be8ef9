/**
 * The data types of the predecessor, `Data_Info.json`: a list of types, or an object of types by name or id. Each has a
 * name, an id and a length in bytes, but no fields. The list or object may be wrapped in an object with a single key.
 *
 *     [{ "name": "GPS", "id": 1, "length": 6 }]          { "GPS": { "id": "0x01", "length": 6 } }
 */

/** A type in the form of data-types.json, not checked yet. */
export interface GivenType {
  readonly name: unknown;
  readonly id: unknown;
  readonly length: unknown;
}

type Members = Readonly<Record<string, unknown>>;

/** Names of the members, in lower case, letters only. */
const NAMES: ReadonlySet<string> = new Set(['name', 'dataname', 'datatype', 'type', 'typename']);
const IDS: ReadonlySet<string> = new Set(['id', 'dataid', 'datatypeid', 'typeid']);
const LENGTHS: ReadonlySet<string> = new Set(['length', 'len', 'datalength', 'datalen', 'size', 'bytes']);

const NUMBER = /^\s*(0x[0-9a-f]+|\d+)\s*$/i;

/** The types of a parsed file; undefined if it does not have that form. */
export function readPredecessorTypes(json: unknown): GivenType[] | undefined {
  if (isMembers(json) && 'types' in json) return undefined;
  const found = readTypes(json);
  if (found) return found;
  const inner = isMembers(json) ? Object.values(json) : [];
  return inner.length === 1 ? readTypes(inner[0]) : undefined;
}

function readTypes(json: unknown): GivenType[] | undefined {
  const entries: [string | undefined, unknown][] = Array.isArray(json)
    ? json.map((entry) => [undefined, entry])
    : isMembers(json)
      ? Object.entries(json)
      : [];
  const types = entries.map(([key, entry]) => readType(key, entry));
  const known = types.filter((type) => type !== undefined);
  return known.length > 0 && known.length === types.length ? known : undefined;
}

/** `key`: the name or the id, if the entry does not have it. */
function readType(key: string | undefined, entry: unknown): GivenType | undefined {
  if (!isMembers(entry)) return undefined;
  const isKeyNumber = key !== undefined && NUMBER.test(key);
  const length = memberOf(entry, LENGTHS);
  const id = memberOf(entry, IDS) ?? (isKeyNumber ? key : undefined);
  const name = memberOf(entry, NAMES) ?? (isKeyNumber ? undefined : key);
  if (length === undefined || id === undefined || name === undefined) return undefined;
  return { name, id: trimmed(id), length: numberOf(length) };
}

function memberOf(entry: Members, names: ReadonlySet<string>): unknown {
  return Object.entries(entry).find(([key]) => names.has(key.toLowerCase().replace(/[^a-z]/g, '')))?.[1];
}

function trimmed(value: unknown): unknown {
  return typeof value === 'string' ? value.trim() : value;
}

function numberOf(value: unknown): unknown {
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

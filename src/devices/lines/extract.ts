/** Texts of a line, by name: groups of a regular expression, columns, members of JSON, or keys. */
import { badDeviceSetting } from '../device.js';
import { compilePattern } from './pattern.js';
import type { MessageTable } from './section.js';

type Texts = Readonly<Record<string, string>>;

export interface Extractor {
  /** For people: `regex ^(\d+)$`. */
  readonly description: string;
  /** Every name that a line can have; undefined if that is up to the line. */
  readonly names: readonly string[] | undefined;
  /** A line that matches is of this message, even if none of its values can be read. */
  readonly isExact: boolean;
  /** `wanted`: names that are needed. Undefined if the line is not of this form. */
  extract(line: string, wanted: readonly string[]): Texts | undefined;
}

type Reading = Pick<
  MessageTable,
  'regex' | 'columns' | 'json' | 'key_value' | 'separator' | 'equals' | 'header' | 'prefix'
>;

/** Throws `BAD_CONFIG` unless exactly one way to read the line is given. */
export function createExtractor(place: string, table: Reading): Extractor {
  const ways = [table.regex !== undefined, table.columns !== undefined, table.json, table.key_value];
  if (ways.filter(Boolean).length !== 1) {
    const given = (['regex', 'columns', 'json', 'key_value'] as const).filter((way) => table[way]);
    throw badDeviceSetting(place, given, 'needs exactly one of regex, columns, json or key_value');
  }
  const { prefix } = table;
  const extractor = withoutPrefix(place, table);
  if (prefix === undefined) return extractor;
  return {
    ...extractor,
    description: `${extractor.description} after the prefix ${JSON.stringify(prefix)}`,
    extract: (line, wanted) =>
      line.startsWith(prefix) ? extractor.extract(line.slice(prefix.length), wanted) : undefined,
  };
}

function withoutPrefix(place: string, { regex, columns, json, ...table }: Reading): Extractor {
  if (regex !== undefined) return regexExtractor(`${place}.regex`, regex);
  if (columns !== undefined) return columnsExtractor(columns, table);
  return json ? jsonExtractor() : keyValueExtractor(table);
}

function regexExtractor(place: string, source: string): Extractor {
  const pattern = compilePattern(place, source);
  if (pattern.groupNames.length === 0)
    throw badDeviceSetting(place, source, 'needs a named group for each field: (?<voltage>…)');
  return {
    description: `regex ${source}`,
    names: pattern.groupNames,
    isExact: true,
    extract: (line) => pattern.match(line),
  };
}

/** With `header`, a line of the column names, in any order, sets their order for the lines after it. */
function columnsExtractor(
  columns: readonly string[],
  { separator, header }: Pick<Reading, 'separator' | 'header'>,
): Extractor {
  let order = columns;
  const known = new Set(columns);
  return {
    description: `columns ${columns.join(separator)}`,
    names: columns,
    isExact: false,
    extract(line) {
      const cells = splitCells(line, separator);
      if (cells.length !== columns.length) return undefined;
      if (header && cells.every((cell) => known.has(cell))) {
        order = cells;
        return undefined;
      }
      return Object.fromEntries(order.map((name, index) => [name, cells[index] ?? '']));
    },
  };
}

/** Cells in double quotes may contain separators, and quotes that are doubled. */
export function splitCells(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? '';
    if (isQuoted && char === '"' && line[at + 1] === '"') cell += line[++at];
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && line.startsWith(separator, at)) {
      cells.push(cell.trim());
      cell = '';
      at += separator.length - 1;
    } else cell += char;
  }
  return [...cells, cell.trim()];
}

/** A name is a path: `sensors.0.temperature`. */
function jsonExtractor(): Extractor {
  return {
    description: 'json',
    names: undefined,
    isExact: false,
    extract(line, wanted) {
      const root = parseJson(line);
      if (typeof root !== 'object' || root === null) return undefined;
      const found = wanted.flatMap((path) => {
        const value = valueAtPath(root, path);
        return isScalar(value) ? [[path, String(value)] as const] : [];
      });
      return Object.fromEntries(found);
    },
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function valueAtPath(root: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined;
    return (inner as Readonly<Record<string, unknown>>)[key];
  }, root);
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function keyValueExtractor({ separator, equals }: Pick<Reading, 'separator' | 'equals'>): Extractor {
  return {
    description: `key${equals}value${separator}…`,
    names: undefined,
    isExact: false,
    extract(line) {
      const pairs = line.split(separator).flatMap((pair) => {
        const at = pair.indexOf(equals);
        return at === -1 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + equals.length).trim()] as const];
      });
      return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
    },
  };
}

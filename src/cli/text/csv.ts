/** Values as CSV, RFC 4180: a header line, CRLF, cells quoted where needed. */
import { cleanText } from '../../base/clean-text.js';
import type { ExportedValue } from '../../client/index.js';

/** A data type, as the gateway describes it. */
export interface TypeInfo {
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly names?: object | undefined }[];
}

/** Columns of every value; one column for each field follows. */
const COMMON = ['node', 'name', 'type', 'received_at', 'device_time', 'bytes'] as const;

interface FieldColumn {
  readonly title: string;
  readonly type: string;
  readonly field: string;
  /** The column has the name of the number: IDLE. */
  readonly isName: boolean;
}

/** Formats values of these types. */
export class CsvWriter {
  readonly #columns: readonly FieldColumn[];

  constructor(types: readonly TypeInfo[]) {
    this.#columns = types.flatMap((type) => fieldColumns(type, types.length > 1));
  }

  header(): string {
    return line([...COMMON, ...this.#columns.map(({ title }) => cell(title))]);
  }

  /** The first cell is the address of the node, or the id of the device. */
  row({ node, device, name, type, receivedAt, deviceTime, bytes, fields }: ExportedValue): string {
    return line([
      device === undefined ? String(node) : cell(device),
      cell(name),
      cell(type),
      isoTime(receivedAt),
      deviceTime === null ? '' : isoTime(deviceTime),
      bytes,
      ...this.#columns.map((column) => (column.type === type ? fieldCell(fields[column.field], column) : '')),
    ]);
  }
}

/**
 * A column has the name of its field where that is unambiguous. An enumeration has a second one, `state_name` after
 * `state`.
 */
function fieldColumns({ name: type, fields }: TypeInfo, hasOthers: boolean): FieldColumn[] {
  const taken: readonly string[] = COMMON;
  return fields.flatMap(({ name: field, names }) => {
    const title = hasOthers || taken.includes(field) ? `${type}.${field}` : field;
    const column = { title, type, field, isName: false };
    const nameTitle = `${title}_name`;
    const isTaken = fields.some(({ name }) => nameTitle === (hasOthers ? `${type}.${name}` : name));
    return names && !isTaken ? [column, { ...column, title: nameTitle, isName: true }] : [column];
  });
}

function fieldCell(
  field: { readonly value: number | string; readonly name?: string | undefined } | undefined,
  { isName }: FieldColumn,
): string {
  return cell((isName ? field?.name : field?.value) ?? '');
}

function line(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`;
}

const FORMULA = /^[=+\-@]/;
const NUMBER = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|Infinity)$/i;

/** Text comes from the mesh: a spreadsheet must not run it as a formula, nor a terminal as a control sequence. */
function cell(value: number | string): string {
  if (typeof value === 'number') return String(value);
  const clean = cleanText(value);
  const safe = FORMULA.test(clean) && !NUMBER.test(clean) ? `'${clean}` : clean;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** ISO 8601, UTC, to the millisecond. `at`: ms since the epoch. */
function isoTime(at: number): string {
  return cell(new Date(at).toISOString());
}

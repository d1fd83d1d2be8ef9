/** The store's tables, their migrations, and the views for people who read the file: docs/history.md. */
import type { DataType, ValueNames } from '../protocol/data-types.js';
import { type Database, inTransaction } from './database.js';

/** "mesh", in the file's header: distinguishes our store from other SQLite files. */
const APPLICATION_ID = 0x6d657368;

/** The statements that lead from each version to the next; the first ones create the tables. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

  CREATE TABLE node (
    address INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    uuid BLOB,
    last_heard_at INTEGER,
    forgotten INTEGER NOT NULL DEFAULT 0
  );

  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    node INTEGER NOT NULL,
    type_id INTEGER NOT NULL,
    type_name TEXT NOT NULL,
    last_seq INTEGER,
    last_received_at INTEGER,
    last_device_time INTEGER,
    last_bytes BLOB,
    UNIQUE (node, type_id)
  );

  CREATE TABLE value (
    series INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    device_time INTEGER,
    bytes BLOB NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (series, received_at, seq)
  ) WITHOUT ROWID;

  CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    node INTEGER,
    detail TEXT NOT NULL
  );
  CREATE INDEX event_by_kind ON event (kind, at);
  CREATE INDEX event_by_time ON event (at);

  CREATE TABLE open_alarm (id TEXT PRIMARY KEY, detail TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE recent (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, events BLOB NOT NULL);
  `,
  // The same tables: they may have addresses of devices, above 0xFFFF, which version 0.1.0 can't read.
  '',
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** A valid SQLite file that is not a store of this version or an earlier one. */
export class ForeignFile extends Error {}

/** Brings the file to the current schema version. Throws `ForeignFile` for a file that is not ours or is newer. */
export function migrate(database: Database): void {
  const version = database.prepare('PRAGMA user_version').value() as number;
  const id = database.prepare('PRAGMA application_id').value() as number;
  const isNew = version === 0 && id === 0 && countTables(database) === 0;
  if (!isNew && id !== APPLICATION_ID) throw new ForeignFile('not a history store');
  if (version > SCHEMA_VERSION) {
    throw new ForeignFile(
      `written by a later version of meshgate (schema ${version}; this version supports ${SCHEMA_VERSION})`,
    );
  }
  inTransaction(database, () => {
    for (const statements of MIGRATIONS.slice(version)) if (statements !== '') database.exec(statements);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

function countTables(database: Database): number {
  return database.prepare('SELECT count(*) FROM sqlite_schema').value() as number;
}

/** SQL: a time of the store as text, ISO 8601, UTC, with milliseconds. */
const iso = (column: string) => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`;

const detail = (path: string, name: string) => `json_extract(detail, '$.${path}') AS ${name}`;

/** The view of each kind of event. */
const EVENT_VIEWS: Readonly<Record<string, { readonly kind: string; readonly columns: readonly string[] }>> =
  {
    node_change: {
      kind: 'node',
      columns: ['node', detail('change', 'change'), detail('status', 'status'), detail('device', 'device')],
    },
    link_change: {
      kind: 'link',
      columns: [
        detail('status.state', 'state'),
        detail('status.name', 'port'),
        detail('status.reason', 'reason'),
        detail('status.detail', 'detail'),
      ],
    },
    alarm_change: {
      kind: 'alarm',
      columns: [
        detail('alarm.code', 'code'),
        detail('alarm.priority', 'priority'),
        'node',
        detail('alarm.text', 'text'),
        detail('alarm.count', 'count'),
        detail('alarm.active', 'active'),
        detail('alarm.acknowledged', 'acknowledged'),
        detail('alarm.device', 'device'),
        detail('alarm.deviceCode', 'device_code'),
        detail('alarm.source', 'source'),
      ],
    },
    delivery_stage: {
      kind: 'delivery',
      columns: [
        detail('delivery.id', 'delivery'),
        'node',
        detail('delivery.stage', 'stage'),
        detail('delivery.failure', 'failure'),
        detail('delivery.message.hex', 'message'),
        detail('delivery.answer.hex', 'answer'),
        detail('delivery.roundTripMs', 'round_trip_ms'),
        detail('delivery.device', 'device'),
        detail('delivery.command.name', 'command'),
        detail('delivery.command.arguments', 'arguments'),
        detail('delivery.progress.fraction', 'progress'),
        detail('delivery.progress.text', 'progress_text'),
        detail('delivery.result', 'result'),
        detail('delivery.detail', 'detail'),
        detail('delivery.owner', 'client'),
      ],
    },
    recovery_step: {
      kind: 'recovery',
      columns: [detail('step', 'step'), detail('round', 'round'), detail('outcome', 'outcome')],
    },
    console_line: { kind: 'console', columns: [detail('line', 'line')] },
  };

/** Recreates all views from the current data types. A type that was removed loses its view; its values stay. */
export function createViews(database: Database, types: readonly DataType[]): void {
  inTransaction(database, () => {
    for (const name of viewNames(database)) database.exec(`DROP VIEW ${quote(name)}`);
    database.exec(ALL_VALUES_VIEW);
    for (const [name, { kind, columns }] of Object.entries(EVENT_VIEWS)) {
      const listed = ['seq', 'at', `${iso('at')} AS time`, ...columns].join(', ');
      database.exec(`CREATE VIEW ${name} AS SELECT ${listed} FROM event WHERE kind = '${kind}'`);
    }
    for (const type of types) database.exec(typeView(type));
  });
}

/** Creates the views of types that a source has declared since the file was opened. */
export function addTypeViews(database: Database, types: readonly DataType[]): void {
  inTransaction(database, () => {
    for (const type of types) database.exec(typeView(type));
  });
}

const VALUE_COLUMNS = `series.node AS node, node.name AS name, value.received_at AS received_at,
  ${iso('value.received_at')} AS time, value.device_time AS device_time`;
const VALUE_SOURCE = `value JOIN series ON series.id = value.series LEFT JOIN node ON node.address = series.node`;

const ALL_VALUES_VIEW = `CREATE VIEW decoded_value AS SELECT ${VALUE_COLUMNS}, series.type_name AS type,
  hex(value.bytes) AS bytes, value.fields AS fields FROM ${VALUE_SOURCE}`;

interface Field {
  readonly name: string;
  readonly scale: number;
  readonly names?: ValueNames;
}

/** `values_gps_1`: a row per value, a column per field, and one for the names of an enumeration. */
function typeView({ name, id, fields, json }: DataType): string {
  const shown: readonly Field[] = json?.fields ?? fields;
  const columns = shown.flatMap((field) => fieldColumns(field, shown));
  const view = quote(`values_${name.toLowerCase().replace(/[^a-z0-9]/g, '_')}_${id}`);
  const listed = [VALUE_COLUMNS, ...columns, ...(json ? ['value.fields AS fields'] : [])].join(', ');
  return `CREATE VIEW IF NOT EXISTS ${view} AS SELECT ${listed} FROM ${VALUE_SOURCE} WHERE series.type_id = ${id}`;
}

/** A scaled number is not the one that has a name. */
function fieldColumns({ name, scale, names }: Field, others: readonly Field[]): string[] {
  const value = `json_extract(value.fields, ${text(`$.${JSON.stringify(name)}`)})`;
  const column = `${value} AS ${quote(name)}`;
  const title = `${name}_name`;
  const cases = Object.entries(names ?? {}).filter(
    ([number]) => number !== '' && Number.isFinite(Number(number)),
  );
  if (
    scale !== 1 ||
    cases.length === 0 ||
    others.some((other) => other.name.toLowerCase() === title.toLowerCase())
  )
    return [column];
  const whens = cases.map(([number, named]) => `WHEN ${Number(number)} THEN ${text(named)}`).join(' ');
  return [column, `CASE ${value} ${whens} END AS ${quote(title)}`];
}

function viewNames(database: Database): string[] {
  const rows = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'view'`).all();
  return rows.map(({ name }) => String(name));
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

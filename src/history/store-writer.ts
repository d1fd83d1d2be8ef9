import { isDevice, isUnicast } from '../protocol/address.js';
import { type DataTypes, decodeValue, fitsType } from '../protocol/data-types.js';
import type { ArrivalBlocks } from './arrival-blocks.js';
import { type Database, inTransaction } from './database.js';
import {
  contentOf,
  type EventRecord,
  type NodeFacts,
  type OtherContent,
  readRecords,
  toJson,
} from './event-record.js';

/**
 * Event numbers that a killed run may have used after its last batch: the next run skips this many. A day of 10 events
 * a second.
 */
const SEQ_RESERVE = 1_000_000;

type ValueRecord = Extract<EventRecord, { kind: 'value' }>;

/** Collected from a batch's records, and written once at its end. */
interface Batch {
  /** The last value of each series. */
  readonly latest: Map<number, ValueRecord>;
  /** ms since the epoch, by node. */
  readonly heardAt: Map<number, number>;
  /** Time stamps of its values and events, ms since the epoch. */
  lowestStamp: number;
  highestStamp: number;
  values: number;
}

/** Writes events to the store's tables, one transaction per batch. */
export class StoreWriter {
  readonly #database: Database;
  readonly #dataTypes: DataTypes;
  readonly #recentEvents: number;
  readonly #blocks: ArrivalBlocks;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #seriesIds = new Map<number, number>();

  /** `recentEvents`: how many events of all kinds are kept for clients that resume after a restart. */
  constructor(database: Database, dataTypes: DataTypes, recentEvents: number, blocks: ArrivalBlocks) {
    this.#database = database;
    this.#blocks = blocks;
    this.#dataTypes = dataTypes;
    this.#recentEvents = recentEvents;
    this.#statements = prepare(database);
  }

  /** Writes the records of an `EventWriter`: all of them or none. Throws a `DatabaseError`. */
  write(bytes: Uint8Array): BatchResult {
    try {
      return inTransaction(this.#database, () => this.#write(bytes));
    } catch (error) {
      // Series that were created in the transaction no longer exist.
      this.#seriesIds.clear();
      this.#blocks.onRolledBack();
      throw error;
    }
  }

  /** Records the last event number of a run that ends normally: the next run continues right after it. */
  finish(lastSeq: number): void {
    inTransaction(this.#database, () => {
      this.#statements.setMeta.run('next_seq', lastSeq + 1);
      this.#statements.setMeta.run('ended', 1);
      this.#blocks.saveTime();
    });
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  #write(bytes: Uint8Array): BatchResult {
    const batch = newBatch();
    let firstSeq: number | undefined;
    let lastSeq = 0;
    let events = 0;
    for (const record of readRecords(bytes)) {
      events++;
      firstSeq ??= record.seq;
      lastSeq = record.seq;
      this.#add(record, batch);
    }
    if (firstSeq === undefined) return { lastSeq: undefined, events, values: 0 };
    for (const [series, record] of batch.latest) this.#setLatest(series, record);
    for (const [node, at] of batch.heardAt) this.#statements.setHeard.run(at, node);
    this.#keepRecent(firstSeq, lastSeq, bytes);
    const { lowestStamp, highestStamp } = batch;
    if (lowestStamp <= highestStamp) {
      const stamps = [lowestStamp, highestStamp] as const;
      this.#blocks.add({ seqs: [firstSeq, lastSeq], stamps, bytes: bytes.length });
    }
    return { lastSeq, events, values: batch.values };
  }

  #add(record: EventRecord, batch: Batch): void {
    if (record.kind === 'value') {
      batch.latest.set(this.#addValue(record), record);
      if (isDevice(record.node)) batch.heardAt.set(record.node, record.receivedAt);
      noteStamp(record.receivedAt, batch);
      batch.values++;
    } else if (record.kind === 'message') noteHeard(record, batch.heardAt);
    else this.#addOther(record, batch);
  }

  #addValue(record: ValueRecord): number {
    const { seq, node, typeId, receivedAt, deviceTime, bytes } = record;
    const series = this.#seriesOf(node, typeId);
    this.#statements.addValue.run(
      series,
      receivedAt,
      seq,
      wholeOrNull(deviceTime),
      bytes,
      this.#fieldsOf(record),
    );
    return series;
  }

  #fieldsOf({ typeId, bytes }: ValueRecord): string {
    const type = this.#dataTypes.findById(typeId);
    if (!type || !fitsType(type, bytes)) return '{}';
    const entries = Object.entries(decodeValue(type, bytes)).map(([name, { value }]) => [name, value]);
    return JSON.stringify(Object.fromEntries(entries));
  }

  #seriesOf(node: number, typeId: number): number {
    const key = node * 0x10000 + typeId;
    const known = this.#seriesIds.get(key);
    if (known !== undefined) return known;
    const name = this.#dataTypes.findById(typeId)?.name ?? String(typeId);
    const id = this.#statements.addSeries.value(node, typeId, name) as number;
    this.#seriesIds.set(key, id);
    return id;
  }

  #setLatest(series: number, { seq, receivedAt, deviceTime, bytes }: ValueRecord): void {
    this.#statements.setLatest.run(seq, receivedAt, wholeOrNull(deviceTime), bytes, series);
  }

  #addOther({ seq, at, json }: Extract<EventRecord, { kind: 'other' }>, batch: Batch): void {
    const read = contentOf(json);
    if (!read || read.content.kind === 'traffic') return;
    const { content, facts } = read;
    this.#statements.addEvent.run(seq, at, content.kind, nodeOf(content) ?? null, json);
    noteStamp(at, batch);
    if (content.kind === 'alarm') this.#changeAlarm(content.alarm);
    if (content.kind !== 'node') return;
    if (content.change === 'forgotten') this.#forgetNode(content.node, batch);
    else if (facts) this.#setNode(content.node, facts);
  }

  #setNode(node: number, { name, uuid }: NodeFacts): void {
    this.#statements.setNode.run(node, name, uuid === undefined ? null : Buffer.from(uuid, 'hex'));
  }

  /**
   * The values of a forgotten node stay in the file, but the node starts empty if it returns. A device keeps what it had:
   * it goes away with its source, at the latest when the gateway stops.
   */
  #forgetNode(node: number, { latest, heardAt }: Batch): void {
    if (isDevice(node)) {
      this.#statements.markForgotten.run(node);
      return;
    }
    this.#statements.forgetNode.run(node);
    this.#statements.forgetLatest.run(node);
    heardAt.delete(node);
    for (const [series, record] of latest) if (record.node === node) latest.delete(series);
  }

  #changeAlarm(alarm: Extract<OtherContent, { kind: 'alarm' }>['alarm']): void {
    if (alarm.acknowledged && !alarm.active) this.#statements.closeAlarm.run(alarm.id);
    else this.#statements.openAlarm.run(alarm.id, toJson(alarm));
  }

  #keepRecent(firstSeq: number, lastSeq: number, bytes: Uint8Array): void {
    this.#statements.addRecent.run(firstSeq, lastSeq, bytes);
    this.#statements.forgetRecent.run(lastSeq - this.#recentEvents);
    this.#statements.setMeta.run('next_seq', lastSeq + SEQ_RESERVE);
    this.#statements.setMeta.run('ended', 0);
  }
}

export interface BatchResult {
  /** Undefined for an empty batch. */
  readonly lastSeq: number | undefined;
  readonly events: number;
  readonly values: number;
}

function prepare(database: Database) {
  return {
    addSeries: database.prepare(
      `INSERT INTO series (node, type_id, type_name) VALUES (?, ?, ?)
       ON CONFLICT (node, type_id) DO UPDATE SET type_name = excluded.type_name RETURNING id`,
    ),
    addValue: database.prepare(
      `INSERT OR REPLACE INTO value (series, received_at, seq, device_time, bytes, fields) VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    setLatest: database.prepare(
      `UPDATE series SET last_seq = ?, last_received_at = ?, last_device_time = ?, last_bytes = ? WHERE id = ?`,
    ),
    setHeard: database.prepare('UPDATE node SET last_heard_at = ? WHERE address = ?'),
    addEvent: database.prepare(
      'INSERT OR REPLACE INTO event (seq, at, kind, node, detail) VALUES (?, ?, ?, ?, ?)',
    ),
    setNode: database.prepare(
      `INSERT INTO node (address, name, uuid) VALUES (?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET name = excluded.name, uuid = coalesce(excluded.uuid, uuid), forgotten = 0`,
    ),
    forgetNode: database.prepare(
      'UPDATE node SET forgotten = 1, uuid = NULL, last_heard_at = NULL WHERE address = ?',
    ),
    markForgotten: database.prepare('UPDATE node SET forgotten = 1 WHERE address = ?'),
    forgetLatest: database.prepare('UPDATE series SET last_bytes = NULL WHERE node = ?'),
    openAlarm: database.prepare('INSERT OR REPLACE INTO open_alarm (id, detail) VALUES (?, ?)'),
    closeAlarm: database.prepare('DELETE FROM open_alarm WHERE id = ?'),
    addRecent: database.prepare(
      'INSERT OR REPLACE INTO recent (first_seq, last_seq, events) VALUES (?, ?, ?)',
    ),
    forgetRecent: database.prepare('DELETE FROM recent WHERE last_seq <= ?'),
    setMeta: database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, CAST(? AS INTEGER))'),
  };
}

function newBatch(): Batch {
  return {
    latest: new Map(),
    heardAt: new Map(),
    lowestStamp: Number.POSITIVE_INFINITY,
    highestStamp: Number.NEGATIVE_INFINITY,
    values: 0,
  };
}

function noteStamp(at: number, batch: Batch): void {
  batch.lowestStamp = Math.min(batch.lowestStamp, at);
  batch.highestStamp = Math.max(batch.highestStamp, at);
}

function noteHeard(
  { at, body }: Extract<EventRecord, { kind: 'message' }>,
  heardAt: Map<number, number>,
): void {
  const node = body.length >= 2 ? body.readUInt16BE(0) : 0;
  if (isUnicast(node)) heardAt.set(node, at);
}

function nodeOf(content: OtherContent): number | undefined {
  switch (content.kind) {
    case 'node':
      return content.node;
    case 'alarm':
      return content.alarm.node;
    case 'delivery':
      return content.delivery.to;
    default:
      return undefined;
  }
}

/** Time columns hold whole milliseconds. */
function wholeOrNull(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}

/**
 * The state in memory that a file opened while the gateway runs must be given before new events: after damage, after the
 * file was lost, or when it could only be opened late. Data types need no rows: their views are created at each opening.
 */

import { setImmediate } from 'node:timers/promises';
import type { Hub, HubEvent, NodeView } from '../hub/hub.js';
import type { DataTypes } from '../protocol/data-types.js';
import { type Database, inTransaction } from './database.js';
import { EventWriter, readRecords, toJson } from './event-record.js';

export interface Holdings {
  readonly nodes: readonly HeldNode[];
  /** The last value of each node and type, as records. */
  readonly latest: Uint8Array;
  /** Open alarms, as JSON. */
  readonly alarms: readonly string[];
  /** The last paths, robots and connected board. */
  readonly lists: readonly LastOfKind[];
  /** The events of the ring in ascending order, as records. */
  readonly events: readonly Uint8Array[];
}

export interface HeldNode {
  readonly address: number;
  readonly name: string;
  readonly uuid: Uint8Array | null;
  /** ms since the epoch, host clock. */
  readonly lastHeardAt: number | null;
}

/** An event whose content is valid until the next of its kind. */
export interface LastOfKind {
  readonly seq: number;
  readonly at: number;
  readonly kind: 'paths' | 'robots' | 'link';
  /** JSON of the event's content. */
  readonly detail: string;
}

/** Nodes, and events, collected before yielding to other work. */
const NODES_A_TURN = 200;
const EVENTS_A_TURN = 1000;
const FIRST_SIZE = 65_536;

/** Yields to other work between pages. `afterSeq`: only later events are collected. */
export async function gatherHoldings(
  hub: Hub,
  lists: readonly LastOfKind[],
  afterSeq: number,
): Promise<Holdings> {
  const events: Uint8Array[] = [];
  for (let page = eventsAfter(hub, afterSeq); page.length > 0; page = eventsAfter(hub, lastSeqOf(page))) {
    events.push(pack(page));
    await setImmediate();
  }
  const nodes: HeldNode[] = [];
  const values = new EventWriter(FIRST_SIZE);
  const add = ({ address, name, uuid, lastHeardAt, latest }: NodeView) => {
    nodes.push({ address, name, uuid: uuid ?? null, lastHeardAt: lastHeardAt ?? null });
    for (const { type, value } of latest) values.writeValue(address, type.id, value);
  };
  for (let page = hub.picture.nodesFrom(1, NODES_A_TURN); page.length > 0; ) {
    for (const node of page) add(node);
    await setImmediate();
    page = hub.picture.nodesFrom((nodes[nodes.length - 1]?.address ?? 0) + 1, NODES_A_TURN);
  }
  for (const device of hub.picture.devices()) add(device);
  return { nodes, latest: values.take(), alarms: hub.alarms.open().map(toJson), lists, events };
}

function eventsAfter(hub: Hub, seq: number): readonly HubEvent[] {
  return hub.feed.lastSeq() > seq ? hub.feed.replay(seq, EVENTS_A_TURN).events : [];
}

function lastSeqOf(events: readonly HubEvent[]): number {
  return events[events.length - 1]?.seq ?? Number.POSITIVE_INFINITY;
}

function pack(events: readonly HubEvent[]): Uint8Array {
  const writer = new EventWriter(FIRST_SIZE);
  for (const event of events) writer.write(event);
  return writer.take();
}

/** Writes everything except the events, in one transaction. Throws a `DatabaseError`. */
export function writeHoldings(database: Database, dataTypes: DataTypes, holdings: Holdings): void {
  const { addNode, addSeries, setLatest, addAlarm, addEvent } = prepare(database);
  inTransaction(database, () => {
    for (const { address, name, uuid, lastHeardAt } of holdings.nodes) {
      addNode.run(address, name, uuid, lastHeardAt);
    }
    for (const record of readRecords(holdings.latest)) {
      if (record.kind !== 'value') continue;
      const { node, typeId, receivedAt, deviceTime = null, bytes } = record;
      const name = dataTypes.findById(typeId)?.name ?? String(typeId);
      const series = addSeries.value(node, typeId, name) as number;
      setLatest.run({ series, receivedAt, deviceTime, bytes });
    }
    for (const alarm of holdings.alarms) addAlarm.run(JSON.parse(alarm).id, alarm);
    for (const { seq, at, kind, detail } of holdings.lists) addEvent.run(seq, at, kind, detail);
  });
}

function prepare(database: Database) {
  return {
    addNode: database.prepare(
      `INSERT INTO node (address, name, uuid, last_heard_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET name = excluded.name, uuid = coalesce(excluded.uuid, uuid),
         last_heard_at = coalesce(excluded.last_heard_at, last_heard_at), forgotten = 0`,
    ),
    addSeries: database.prepare(
      `INSERT INTO series (node, type_id, type_name) VALUES (?, ?, ?)
       ON CONFLICT (node, type_id) DO UPDATE SET type_name = excluded.type_name RETURNING id`,
    ),
    // A value that is already stored keeps its event number; the number of one from memory is unknown.
    setLatest: database.prepare(
      `UPDATE series SET last_seq = NULL, last_received_at = @receivedAt, last_device_time = @deviceTime, last_bytes = @bytes
       WHERE id = @series AND (last_bytes IS NOT @bytes OR last_received_at IS NOT @receivedAt)`,
    ),
    addAlarm: database.prepare('INSERT OR REPLACE INTO open_alarm (id, detail) VALUES (?, ?)'),
    addEvent: database.prepare('INSERT OR IGNORE INTO event (seq, at, kind, detail) VALUES (?, ?, ?, ?)'),
  };
}

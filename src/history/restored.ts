/** The state that earlier runs have stored, on its way from the store's thread to the picture. */
import type { Alarm } from '../hub/alarms.js';
import type { HubEvent, HubEventContent, Restored, RestoredNode } from '../hub/hub.js';
import { FIRST_DEVICE_ADDRESS, isDevice } from '../protocol/address.js';
import { fitsType } from '../protocol/data-types.js';
import type { Tables } from '../protocol/message.js';
import type { Database, Row } from './database.js';
import { contentOf, EventWriter, eventOf, readJson, readRecords } from './event-record.js';
import type { LastOfKind } from './holdings.js';

export interface PackedRestored {
  /** The next event number. */
  readonly nextSeq: number;
  /** False if the last run was killed: it may have used more numbers than are stored. */
  readonly endedInOrder: boolean;
  /** Ordered by when they were last heard, oldest first. */
  readonly nodes: readonly PackedNode[];
  /** The last value of each node and type, and the last events of all kinds, as records. */
  readonly latest: Uint8Array;
  readonly recent: readonly Uint8Array[];
  /** JSON. */
  readonly alarms: readonly string[];
  /** The last paths, robots and connected board. */
  readonly lists: readonly LastOfKind[];
}

interface PackedNode {
  readonly address: number;
  readonly name: string;
  readonly uuid: Uint8Array | null;
  readonly lastHeardAt: number | null;
}

interface LatestRow extends Row {
  readonly id: number;
  readonly node: number;
  readonly typeId: number;
  readonly receivedAt: number;
  readonly deviceTime: number | null;
  readonly bytes: Buffer;
}

const FIRST_SIZE = 65_536;
/** Rows that are in memory at once. */
const LATEST_A_PAGE = 1000;

/** Undefined for a new store. */
export function packRestored(database: Database): PackedRestored | undefined {
  const column = (name: string, rest: string) =>
    database
      .prepare(`SELECT ${name} ${rest}`)
      .all()
      .map((row) => row[name]);
  const meta = (name: string) =>
    database.prepare('SELECT value FROM meta WHERE name = ?').value(name) as number | undefined;
  const nextSeq = meta('next_seq');
  if (nextSeq === undefined) return undefined;
  return {
    nextSeq,
    endedInOrder: meta('ended') === 1,
    nodes: database
      .prepare(
        // By event number, not by time: a clock may have been wrong.
        `SELECT address, name, uuid, last_heard_at AS lastHeardAt FROM node
         WHERE forgotten = 0 OR address >= ${FIRST_DEVICE_ADDRESS}
         ORDER BY (SELECT max(last_seq) FROM series WHERE series.node = node.address) NULLS FIRST,
           last_heard_at NULLS FIRST, address`,
      )
      .all() as unknown as PackedRestored['nodes'],
    latest: packLatest(database),
    recent: column('events', 'FROM recent ORDER BY first_seq') as Buffer[],
    alarms: column('detail', 'FROM open_alarm') as string[],
    lists: (['paths', 'robots', 'link'] as const).flatMap((kind) => lastOfKind(database, kind)),
  };
}

function packLatest(database: Database): Uint8Array {
  const page = database.prepare(
    `SELECT id, node, type_id AS typeId, last_received_at AS receivedAt, last_device_time AS deviceTime,
       last_bytes AS bytes FROM series WHERE id > ? AND last_bytes IS NOT NULL ORDER BY id LIMIT ${LATEST_A_PAGE}`,
  );
  const writer = new EventWriter(FIRST_SIZE);
  const after = (id: number) => page.all(id) as unknown as LatestRow[];
  for (let rows = after(0); rows.length > 0; rows = after(rows.at(-1)?.id ?? Number.MAX_SAFE_INTEGER)) {
    for (const { node, typeId, receivedAt, deviceTime, bytes } of rows) {
      writer.writeValue(node, typeId, { receivedAt, bytes, ...(deviceTime !== null && { deviceTime }) });
    }
  }
  return writer.take();
}

function lastOfKind(database: Database, kind: LastOfKind['kind']): LastOfKind[] {
  const which =
    kind === 'link' ? "kind = ? AND json_extract(detail, '$.status.identity') IS NOT NULL" : 'kind = ?';
  const last = `SELECT seq, at, kind, detail FROM event WHERE seq = (SELECT max(seq) FROM event WHERE ${which})`;
  return database.prepare(last).all(kind) as unknown as LastOfKind[];
}

/** `eventsHeld`: the maximum number of recent events that are returned. */
export function unpackRestored(packed: PackedRestored, tables: Tables, eventsHeld: number): Restored {
  const { nextSeq, endedInOrder, nodes, latest, recent, alarms, lists } = packed;
  const values = latestByNode(latest, tables);
  const ids = new Map(
    nodes.filter(({ address }) => isDevice(address)).map((node) => [node.address, node.name]),
  );
  const contents = lists.flatMap(({ detail }) => contentOf(detail)?.content ?? []);
  return {
    nextSeq,
    endedInOrder,
    events: recent
      .flatMap((bytes) => [...readRecords(bytes)].flatMap((record) => eventOf(record, tables) ?? []))
      .map((event) => withDevice(event, ids))
      .slice(-eventsHeld),
    nodes: nodes.map(({ address, name, uuid, lastHeardAt }) => ({
      address,
      ...(isDevice(address) && { id: name }),
      values: values.get(address) ?? [],
      ...(uuid && { uuid: Buffer.from(uuid) }),
      ...(lastHeardAt !== null && { lastHeardAt }),
    })),
    alarms: alarms.flatMap((json) => (readJson(json) as Alarm | undefined) ?? []),
    paths: contents.find(isPaths)?.paths ?? [],
    robots: contents.find(isRobots)?.robots ?? [],
    ...boardOf(contents),
  };
}

function withDevice(event: HubEvent, ids: ReadonlyMap<number, string>): HubEvent {
  const device = event.kind === 'value' ? ids.get(event.node) : undefined;
  return event.kind === 'value' && device !== undefined ? { ...event, device } : event;
}

/**
 * Leaves out values whose length no longer fits their type, since the type has changed. The values of devices are all
 * kept: their types are known only after their sources have declared them.
 */
function latestByNode(latest: Uint8Array, tables: Tables): Map<number, RestoredNode['values'][number][]> {
  const values = new Map<number, RestoredNode['values'][number][]>();
  for (const record of readRecords(latest)) {
    if (record.kind !== 'value') continue;
    const { node, typeId, receivedAt, deviceTime } = record;
    const type = tables.dataTypes.findById(typeId);
    if (!isDevice(node) && (!type || !fitsType(type, record.bytes))) continue;
    const bytes = Buffer.from(record.bytes);
    const value = deviceTime === undefined ? { receivedAt, bytes } : { receivedAt, deviceTime, bytes };
    const known = values.get(node);
    if (known) known.push({ typeId, value });
    else values.set(node, [{ typeId, value }]);
  }
  return values;
}

function boardOf(contents: readonly HubEventContent[]): Pick<Restored, 'boardIdentity'> {
  const identity = contents.find((content) => content.kind === 'link')?.status.identity;
  return identity === undefined ? {} : { boardIdentity: identity };
}

function isPaths(content: HubEventContent): content is Extract<HubEventContent, { kind: 'paths' }> {
  return content.kind === 'paths';
}

function isRobots(content: HubEventContent): content is Extract<HubEventContent, { kind: 'robots' }> {
  return content.kind === 'robots';
}

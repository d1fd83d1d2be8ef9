import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EventWriter } from '../../src/history/event-record.js';
import { requireDriver } from '../../src/history/load-driver.js';
import { Store } from '../../src/history/store.js';
import type { Alarm } from '../../src/hub/alarms.js';
import type { HubEventContent } from '../../src/hub/hub.js';
import { shippedTables } from './tables.js';

const DAY_MS = 86_400_000;

export interface StoredValue {
  readonly node: number;
  /** Of the shipped data types. */
  readonly type: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** `hundredths` of a degree. */
export function temperature(node: number, at: number, hundredths: number): StoredValue {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16LE(hundredths);
  return { node, type: 'Temperature', at, bytes };
}

export interface StoreContents {
  /** Of known or unknown nodes. */
  readonly values: Iterable<StoredValue>;
  readonly knownNodes?: readonly number[];
  readonly alarms?: readonly Alarm[];
}

/** The state directory left by an earlier run of a gateway. */
export async function fillStore(
  directory: string,
  { values, knownNodes = [], alarms = [] }: StoreContents,
): Promise<void> {
  const driver = await requireDriver();
  mkdirSync(directory, { recursive: true });
  const settings = {
    file: join(directory, 'history.db'),
    dataTypes: '',
    keepMs: 30 * DAY_MS,
    maxBytes: 1e9,
    eventsHeld: 100,
  };
  const store = new Store({
    driver,
    settings,
    dataTypes: shippedTables.dataTypes,
    now: () => Date.now(),
    monotonic: () => performance.now(),
    report: () => {},
  });
  const writer = new EventWriter(65_536);
  let seq = 0;
  const write = (at: number, content: HubEventContent) => writer.write({ seq: ++seq, at, ...content });
  for (const node of knownNodes) {
    writer.write({ seq: ++seq, at: 0, kind: 'node', node, change: 'added' }, { name: `Node-${node}` });
  }
  for (const alarm of alarms) write(alarm.lastAt, { kind: 'alarm', alarm });
  for (const { node, type: name, at, bytes } of values) {
    const type = shippedTables.dataTypes.findByName(name);
    if (!type) throw new Error(`there is no type ${name}`);
    write(at, { kind: 'value', node, type, value: { receivedAt: at, bytes: Buffer.from(bytes) } });
  }
  store.write({ bytes: writer.take(), count: seq });
  store.close(seq);
}

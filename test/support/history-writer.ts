/**
 * A program that writes to a history as fast as it can, until it is killed: `node history-writer.js DIRECTORY`.
 * Prints `opened NEXT` and then the number of the last stored event, each time it changes. A value's six bytes are its
 * own number.
 */
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import { createLog } from '../../src/base/log.js';
import { History } from '../../src/history/history.js';
import type { Archive } from '../../src/hub/archive.js';
import type { Hub, HubEvent } from '../../src/hub/hub.js';
import { shippedTables } from './tables.js';

const NODES = 20;
const EVENTS_A_TURN = 40;
const TYPE = shippedTables.dataTypes.findByName('GPS');

const opened = await History.open({
  settings: {
    file: join(process.argv[2] ?? '', 'history.db'),
    keepMs: 1e12,
    maxBytes: 1e12,
    eventsHeld: 1000,
  },
  tables: shippedTables,
  clock: systemClock,
  log: createLog('history'),
  memory: {} as Archive,
  onFailing: (why) => why !== undefined && process.exit(1),
  onRestoredLate: () => process.exit(1),
});
if (!opened.history || !TYPE) throw new Error('no history');
const { history, restored } = opened;
let seq = restored?.nextSeq ?? 1;
let listener: (event: HubEvent) => void = () => {};
const feed: Pick<Hub['feed'], 'lastSeq' | 'subscribe'> = {
  lastSeq: () => seq - 1,
  subscribe: (given) => {
    listener = given;
    return () => {};
  },
};
const picture: Pick<Hub['picture'], 'findNode'> = { findNode: () => undefined };
history.attach({ feed, picture } as Hub);
process.stdout.write(`opened ${seq}\n`);

let printed: number | undefined;
setInterval(() => {
  for (let count = 0; count < EVENTS_A_TURN; count++, seq++) {
    const bytes = Buffer.alloc(6);
    bytes.writeUIntBE(seq, 0, 6);
    const at = Date.now();
    listener({
      seq,
      at,
      kind: 'value',
      node: 5 + (seq % NODES),
      type: TYPE,
      value: { receivedAt: at, bytes },
    });
  }
  const { storedSeq } = history.status();
  if (storedSeq === undefined || storedSeq === printed) return;
  printed = storedSeq;
  process.stdout.write(`${storedSeq}\n`);
}, 1);

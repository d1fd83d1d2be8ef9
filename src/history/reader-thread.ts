/**
 * The thread that reads the store, on a connection of its own: whatever is asked for, the one that writes goes on.
 * Between two slices of work it looks for messages.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { DataTypes } from '../protocol/data-types.js';
import { ReadConnection } from './read-connection.js';
import { ReadTurns } from './read-turns.js';
import type { ReaderSettings, ToReader } from './thread-messages.js';

if (parentPort) await run(parentPort, workerData as ReaderSettings);

async function run(port: MessagePort, { file, dataTypes }: ReaderSettings): Promise<void> {
  const { default: sqlite } = await import('better-sqlite3');
  const known = new DataTypes(dataTypes);
  const connection = new ReadConnection({ sqlite, file, dataTypes: known });
  const turns = new ReadTurns(connection, (message) => port.postMessage(message));
  let isWorking = false;
  const work = () => {
    turns.step();
    isWorking = !turns.isIdle;
    if (isWorking) setImmediate(work);
  };
  port.on('message', (message: ToReader) => {
    if (message.kind === 'close') {
      connection.close();
      // What is under way is dropped with the thread.
      process.exit();
    }
    if (message.kind === 'declare') known.declare(message.types);
    else if (message.kind === 'cancel') turns.cancel(message.id);
    else turns.add(message.id, message.owner, message.question);
    if (isWorking || turns.isIdle) return;
    isWorking = true;
    setImmediate(work);
  });
}

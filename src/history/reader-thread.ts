/**
 * The thread that reads the store, on its own connection, so that reads never delay writing. It receives messages between
 * two slices of work.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { DataTypes } from '../protocol/data-types.js';
import { requireDriver } from './load-driver.js';
import { ReadConnection } from './read-connection.js';
import { ReadTurns } from './read-turns.js';
import type { ReaderSettings, ToReader } from './thread-messages.js';

if (parentPort) await run(parentPort, workerData as ReaderSettings);

async function run(port: MessagePort, { file, dataTypes }: ReaderSettings): Promise<void> {
  const known = new DataTypes(dataTypes);
  const connection = new ReadConnection({ driver: await requireDriver(), file, dataTypes: known });
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
      // Reads in progress end with the thread.
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

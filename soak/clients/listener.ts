import { createConnection, type Socket } from 'node:net';
import type { Visit } from './visitor.js';

/** What one connection of a classic listener received, from handshake to end. */
export interface Heard {
  /** Which process of the gateway it was: 1, 2, 3 … */
  readonly run: number;
  readonly bytes: Buffer;
}

const SYN = '[syn]\0';
const ACK = Buffer.from('[ack]\0', 'latin1');

/** Resolves when closed, with or without an error; `once` of node:events would reject. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Listens in the classic dialect, and keeps every byte. */
export function listener(
  socketPath: string,
  currentRun: () => number,
  onHeard: (heard: Heard) => void,
): Visit {
  return {
    async run(leave) {
      const run = currentRun();
      const chunks: Buffer[] = [];
      const socket = createConnection({ path: socketPath }, () => socket.write(SYN));
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('error', () => {});
      const onLeave = () => socket.destroy();
      leave.addEventListener('abort', onLeave, { once: true });
      await closed(socket);
      leave.removeEventListener('abort', onLeave);
      const bytes = Buffer.concat(chunks);
      if (!bytes.subarray(0, ACK.length).equals(ACK)) throw new Error('no handshake');
      onHeard({ run, bytes: bytes.subarray(ACK.length) });
    },
  };
}

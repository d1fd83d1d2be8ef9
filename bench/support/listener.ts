import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Form, StampedReader } from './stamped.js';

const SYN = Buffer.from('[syn]\0', 'latin1');
/** Looks in vain before it gives up. */
const PATIENCE = 1000;
const LOOK_EVERY_MS = 2;

/** A listening client; the floors answer its handshake too. */
export class Listener {
  readonly reader: StampedReader;
  readonly #socket: Socket;

  private constructor(socket: Socket, form: Form) {
    this.#socket = socket;
    this.reader = new StampedReader(form);
    socket.on('data', (chunk: Buffer) => this.reader.push(chunk));
    socket.on('error', () => {});
  }

  static async open(path: string, form: Form): Promise<Listener> {
    const socket = connect(path);
    await once(socket, 'connect');
    socket.write(SYN);
    await once(socket, 'data');
    return new Listener(socket, form);
  }

  /** Waits until `count` have come in all, or nothing more comes. */
  until(count: number): Promise<void> {
    return untilAll([this], count);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Waits until each has got `count` in all, or nothing more comes to any. */
export async function untilAll(listeners: readonly Listener[], count: number): Promise<void> {
  const wanted = count * listeners.length;
  let seen = -1;
  for (let idle = 0; seen < wanted && idle < PATIENCE; await pause(LOOK_EVERY_MS)) {
    const total = listeners.reduce((sum, { reader }) => sum + reader.count, 0);
    idle = seen === total ? idle + 1 : 0;
    seen = total;
  }
}

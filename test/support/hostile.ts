/** Many clients at once, and their cost to a process. */
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { ask, type Where } from './classic-client.js';
import { Waiters } from './waiters.js';

/** Resident memory of a process in bytes. Linux only. */
export function memoryOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** Open files and sockets of a process. Linux only. */
export function openFilesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Clients that connect and do nothing more; their fate is ignored. */
export function crowd(path: string, amount: number): Socket[] {
  return Array.from({ length: amount }, () => {
    const socket = connect(path);
    socket.on('error', () => {});
    return socket;
  });
}

export function leave(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** Resolves when this many of them have ended, with the event `event`. */
export async function untilEnded(
  sockets: readonly Socket[],
  amount: number,
  event: 'close' | 'end',
): Promise<void> {
  let ended = 0;
  const waiters = new Waiters(() => `${ended} of ${amount} have ended`);
  for (const socket of sockets) {
    socket.once(event, () => {
      ended++;
      waiters.look();
    });
  }
  await waiters.until(() => ended >= amount);
}

/** Sends this many requests, one after the other: every reply must arrive. */
export async function answers(where: Where, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    const reply = await ask(where, 'ACT-C');
    if (reply[0] !== 0x53) throw new Error(`answered ${reply.toString('latin1')}`);
  }
}

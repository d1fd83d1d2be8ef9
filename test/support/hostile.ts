/** Many clients at once, and what they cost a process. */
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { ask, type Where } from './classic-client.js';

const PATIENCE_MS = 30_000;

/** Bytes of memory that a process has. Linux only. */
export function memoryOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** Files and sockets that a process has open. Linux only. */
export function openFilesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Clients that connect and do nothing more; what becomes of them is not looked at. */
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

/** Resolves when it is so; rejects when it takes too long. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
}

/** Asks so many times, one after the other: every reply must come. Gives the delay that half of them stayed below, ms. */
export async function medianDelay(where: Where, times: number): Promise<number> {
  const delays: number[] = [];
  for (let count = 0; count < times; count++) {
    const begun = performance.now();
    const reply = await ask(where, 'ACT-C');
    if (reply[0] !== 0x53) throw new Error(`answered ${reply.toString('latin1')}`);
    delays.push(performance.now() - begun);
  }
  return delays.sort((left, right) => left - right)[Math.floor(times / 2)] ?? 0;
}

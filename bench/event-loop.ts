/**
 * The longest stall of the gateway's event loop under a mix: 500 nodes that report, listening clients, sessions that
 * subscribe and ask, one command a connection, NINFO, history. The floor is a process that only waits, at the same
 * time: what the machine itself holds up.
 */
import { setMaxListeners } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectClient, type MeshgateClient } from '../src/client/index.js';
import { encodeFrame } from '../src/uart/frame.js';
import { openPty } from '../test/support/pty.js';
import { median } from './support/numbers.js';
import { inFolder, type Program, startFloor, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const MAX_STALL_MS = 20;
const NODES = 500;
const PER_SECOND = 1000;
const LISTENERS = 20;
const SESSIONS = 5;

export async function run(scale: Scale): Promise<Row[]> {
  return inFolder(async (folder) => {
    const pty = await openPty();
    const gateway = await startGateway(folder, ['--port', pty.path]);
    const floor = await startFloor(folder, 'waits');
    const ending = new AbortController();
    setMaxListeners(0, ending.signal);
    const sessions: MeshgateClient[] = [];
    try {
      const work = [report((bytes) => pty.write(bytes), ending.signal)];
      for (let opened = 0; opened < LISTENERS; opened++) listen(gateway.socket, ending.signal);
      for (let opened = 0; opened < SESSIONS; opened++) {
        const session = await connectClient({ socket: gateway.socket });
        sessions.push(session);
        work.push(watch(session, ending.signal));
      }
      work.push(ask(gateway.socket, ['ACT-C\0\0', '[GET]\0\x05GPS', 'NSTAT\0\0'], 10, ending.signal));
      work.push(ask(gateway.socket, ['NINFO\0\0'], 1000, ending.signal));
      await pause(3000);
      const stalls = await watchStalls(gateway, floor, scale);
      ending.abort();
      for (const session of sessions) session.close();
      await Promise.allSettled(work);
      return stalls;
    } finally {
      await gateway.stop();
      await floor.stop();
      await pty.close();
    }
  });
}

async function watchStalls(gateway: Program, floor: Program, scale: Scale): Promise<Row[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  await gateway.usage('watch');
  await floor.usage('watch');
  for (let second = 0; second < (scale === 'short' ? 4 : 20); second++) {
    await pause(1000);
    ours.push((await gateway.usage()).longestStallMs);
    theirs.push((await floor.usage()).longestStallMs);
  }
  const target = { of: 'figure', atMost: MAX_STALL_MS } as const;
  return [
    {
      what: 'longest stall in a second, median',
      figure: median(ours),
      floor: median(theirs),
      unit: 'ms',
      target,
    },
    {
      what: 'longest stall of all',
      figure: Math.max(...ours),
      floor: Math.max(...theirs),
      unit: 'ms',
      target,
    },
  ];
}

/** Data of 500 nodes in turn, and each tenth message for the listening clients. */
async function report(write: (bytes: Buffer) => Promise<void>, ending: AbortSignal): Promise<void> {
  const begun = performance.now();
  for (let sent = 0; !ending.aborted; await pause(2)) {
    const frames: Buffer[] = [];
    for (const due = ((performance.now() - begun) / 1000) * PER_SECOND; sent < due; sent++)
      frames.push(frameAt(sent));
    if (frames.length > 0) await write(Buffer.concat(frames));
  }
}

function frameAt(index: number): Buffer {
  const address = 5 + (index % NODES);
  const body = Buffer.from(index % 10 === 0 ? '0000450102030405' : '000044020007010102030405', 'hex');
  body.writeUInt16BE(address, 0);
  return encodeFrame(index % 10 === 0 ? body : Buffer.concat([body, Buffer.of(6)]));
}

function listen(path: string, ending: AbortSignal): void {
  const socket = connect(path, () => socket.write('[syn]\0')).resume();
  socket.on('error', () => {});
  ending.addEventListener('abort', () => socket.destroy());
}

/** Follows everything from a snapshot on, and asks for the nodes every second. */
async function watch(session: MeshgateClient, ending: AbortSignal): Promise<void> {
  const follow = async () => {
    for await (const _event of session.subscribe({ snapshot: true, signal: ending }))
      if (ending.aborted) return;
  };
  follow().catch(() => {});
  while (!ending.aborted) {
    await session.nodes();
    await pause(1000);
  }
}

async function ask(
  path: string,
  requests: readonly string[],
  everyMs: number,
  ending: AbortSignal,
): Promise<void> {
  for (let asked = 0; !ending.aborted; asked++) {
    const socket = connect(path, () => socket.write(requests[asked % requests.length] ?? '')).resume();
    socket.on('error', () => {});
    await pause(everyMs);
  }
}

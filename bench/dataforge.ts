/**
 * DataForge envelopes: how many are decoded in a second, compared with a reader that trusts every length; and the delay of
 * an answer on TCP, compared with a minimal server, in the same run. A client may send 100 messages a second.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeEnvelope, type MetaStyle } from '../src/codecs/dataforge/envelope.js';
import { EnvelopeReader } from '../src/codecs/dataforge/envelope-reader.js';
import { freePort } from '../test/support/free-port.js';
import { within } from './support/deadline.js';
import { byTurns, share } from './support/numbers.js';
import { inFolder, startFloor, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const LIMITS = { maxMeta: 1_048_576, maxData: 16_777_216 };
/** Finding a header instead of trusting the length before it, and a copy of each body. */
const MIN_RATIO = 0.2;
const MAX_DELAY_RATIO = 3;
const HEADER = 30;
const CHUNK = 65_536;
const ENVELOPES = 20_000;
/** Refused at once: what is measured is the way in and out, not the wait of a command. */
const COMMAND = { type: 'command', command_type: 'set_voltage', block: '1', voltage: true };
const PAUSE_MS = 11;
const PATIENCE_MS = 10_000;

export async function run(scale: Scale): Promise<Row[]> {
  const rounds = scale === 'short' ? 2 : 7;
  const rows: Row[] = [];
  for (const style of ['server', 'online'] as const) {
    const chunks = chunksOf(style);
    const measured = await byTurns(
      rounds,
      () => rateOf(() => ours(chunks)),
      () => rateOf(() => trusting(chunks)),
    );
    const target = { of: 'ratio', atLeast: MIN_RATIO } as const;
    rows.push({ what: `decoded, ${style} writer`, ...measured, unit: 'envelopes/s', target });
  }
  return [...rows, ...(await delays(scale))];
}

function chunksOf(style: MetaStyle): Buffer[] {
  const one = encodeEnvelope({ meta: COMMAND }, { form: 'tagged', at: 0, style });
  const all = Buffer.alloc(one.length * ENVELOPES, one);
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, index) =>
    all.subarray(index * CHUNK, (index + 1) * CHUNK),
  );
}

function rateOf(read: () => number): number {
  const begun = performance.now();
  const count = read();
  if (count !== ENVELOPES) throw new Error(`${count} of ${ENVELOPES} envelopes were read`);
  return (count / (performance.now() - begun)) * 1000;
}

function ours(chunks: readonly Buffer[]): number {
  const reader = new EnvelopeReader(LIMITS);
  return chunks.reduce((count, chunk) => count + reader.push(chunk).length, 0);
}

function trusting(chunks: readonly Buffer[]): number {
  let count = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER) {
      const end = HEADER + rest.readUInt32BE(14) + rest.readUInt32BE(22);
      if (rest.length < end) break;
      JSON.parse(rest.toString('utf8', HEADER, end));
      rest = rest.subarray(end);
      count++;
    }
  }
  return count;
}

async function delays(scale: Scale): Promise<Row[]> {
  const [rounds, count] = scale === 'short' ? [2, 100] : [7, 300];
  return inFolder(async (folder) => {
    const [port, floorPort] = [await freePort(), await freePort()];
    const gateway = await startGateway(folder, ['--simulate', '--nodes', '1'], 'gateway', {
      MESHGATE_DATAFORGE_MODE: 'strict',
      MESHGATE_DATAFORGE_LISTEN: `127.0.0.1:${port}`,
      MESHGATE_DATAFORGE_WEB: 'off',
      MESHGATE_DATAFORGE_POLL_S: '3600',
    });
    const floor = await startFloor(folder, 'envelope-answers', String(floorPort));
    try {
      const at = async (part: number) =>
        byTurns(
          rounds,
          async () => share(await ask(port, count), part),
          async () => share(await ask(floorPort, count), part),
        );
      return [
        {
          what: 'delay of an answer, p50',
          ...(await at(0.5)),
          unit: 'ms',
          target: { of: 'ratio', atMost: MAX_DELAY_RATIO },
        },
        { what: 'delay of an answer, p99', ...(await at(0.99)), unit: 'ms' },
      ];
    } finally {
      await gateway.stop();
      await floor.stop();
    }
  });
}

/** One after another; ms from the request to the first bytes of its answer. */
async function ask(port: number, count: number): Promise<number[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const request = encodeEnvelope({ meta: COMMAND }, { form: 'tagged', at: 0, style: 'online' });
  const times: number[] = [];
  for (let asked = 0; asked < count; asked++) {
    times.push(await timeOf(socket, request));
    await pause(PAUSE_MS);
  }
  socket.destroy();
  return times;
}

async function timeOf(socket: Socket, request: Buffer): Promise<number> {
  const begun = performance.now();
  const answered = once(socket, 'data');
  socket.write(request);
  await within(PATIENCE_MS, 'an answer', answered);
  return performance.now() - begun;
}

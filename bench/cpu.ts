/**
 * How much of a core the gateway takes: at rest, and with a UART that brings as much as it can, as 32-byte messages to
 * one listening client, history on. The floors: a process that only waits, and one that copies.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openPty } from '../test/support/pty.js';
import { Listener } from './support/listener.js';
import { byTurns } from './support/numbers.js';
import { Source } from './support/paced.js';
import { inFolder, type Program, startFloor, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';
import { FRAME_LENGTH } from './support/stamped.js';

/** Start, eight bits, stop. */
const BITS_PER_BYTE = 10;
/** USB adapters hand over what has come every few ms. */
const EVERY_MS = 4;
const LINES = [
  { what: '115,200 baud, full', baud: 115_200, maxPercent: 6 },
  { what: '3 Mbaud, full', baud: 3_000_000, maxPercent: 20 },
];
const MAX_IDLE_PERCENT = 0.5;
/** Delay before measuring, to exclude the start's own work: V8 compiles hot code, and collects garbage 8 s later. */
const WARM_UP_MS = 10_000;
const SHORT_WARM_UP_MS = 1500;
/** Gateway and floor take turns: two programs at once would cost more than each does alone. */
const TURNS = 3;

export async function run(scale: Scale): Promise<Row[]> {
  const times =
    scale === 'short' ? { warmUpMs: SHORT_WARM_UP_MS, ms: 2000 } : { warmUpMs: WARM_UP_MS, ms: 6000 };
  return inFolder(async (folder) => {
    const rows = [await atRest(folder, times)];
    for (const line of LINES) rows.push(...(await atWork(folder, line, times)));
    return rows;
  });
}

interface Times {
  readonly warmUpMs: number;
  /** What is measured. */
  readonly ms: number;
}

async function atRest(folder: string, { warmUpMs, ms }: Times): Promise<Row> {
  const pty = await openPty();
  const gateway = await startGateway(folder, ['--port', pty.path], 'idle');
  const floor = await startFloor(folder, 'waits');
  await pty.write(Buffer.from('ff00000100fe', 'hex'));
  await pause(warmUpMs);
  const [figure, waiting] = await Promise.all(
    [gateway, floor].map((each) => percentOf(each, () => pause(ms))),
  );
  await gateway.stop();
  await floor.stop();
  await pty.close();
  const target = { of: 'figure', atMost: MAX_IDLE_PERCENT } as const;
  return { what: 'at rest, link up', figure: figure ?? 0, floor: waiting ?? 0, unit: '% of a core', target };
}

async function atWork(
  folder: string,
  { what, baud, maxPercent }: (typeof LINES)[number],
  { warmUpMs, ms }: Times,
): Promise<Row[]> {
  const [pty, other] = [await openPty(), await openPty()];
  const gateway = await startGateway(folder, ['--port', pty.path], `at-${baud}`);
  const floor = await startFloor(folder, 'copy', other.path);
  const listeners = [
    await Listener.open(gateway.socket, 'bodies'),
    await Listener.open(floor.socket, 'frames'),
  ];
  const perSecond = baud / BITS_PER_BYTE / FRAME_LENGTH;
  const sources = [new Source(pty), new Source(other)] as const;
  await Promise.all(sources.map((each) => each.paced(perSecond, warmUpMs, EVERY_MS)));
  const used = await byTurns(
    TURNS,
    () => percentOf(gateway, () => sources[0].paced(perSecond, ms / TURNS, EVERY_MS)),
    () => percentOf(floor, () => sources[1].paced(perSecond, ms / TURNS, EVERY_MS)),
  );
  const { residentBytes } = await gateway.usage();
  const lost = await lostOf(sources[0], listeners[0]);
  for (const listener of listeners) listener.close();
  await Promise.all([gateway.stop(), floor.stop()]);
  await Promise.all([pty.close(), other.close()]);
  const target = { of: 'figure', atMost: maxPercent } as const;
  return [
    {
      what: `${what}: ${Math.round(perSecond)} messages/s`,
      ...used,
      unit: '% of a core',
      target,
    },
    { what: `${what}: lost`, figure: lost, unit: 'messages', target: { of: 'figure', atMost: 0 } },
    { what: `${what}: resident`, figure: residentBytes / 1e6, unit: 'MB' },
  ];
}

async function lostOf(source: Source | undefined, listener: Listener | undefined): Promise<number> {
  await listener?.until(source?.sent ?? 0);
  return (source?.sent ?? 0) - (listener?.reader.count ?? 0);
}

async function percentOf(program: Program, run: () => Promise<unknown>): Promise<number> {
  const before = await program.usage();
  const begun = performance.now();
  await run();
  const ms = performance.now() - begun;
  return (((await program.usage()).cpuMs - before.cpuMs) / ms) * 100;
}

/**
 * How much of a core the gateway takes: at rest, and with a UART that brings as much as it can, as 32-byte messages to
 * one listening client, history on. The floors, at the same time: a process that only waits, and one that copies.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openPty } from '../test/support/pty.js';
import { Listener } from './support/listener.js';
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

export async function run(scale: Scale): Promise<Row[]> {
  const ms = scale === 'short' ? 2000 : 10_000;
  return inFolder(async (folder) => {
    const rows = [await atRest(folder, ms)];
    for (const line of LINES) rows.push(...(await atWork(folder, line, ms)));
    return rows;
  });
}

async function atRest(folder: string, ms: number): Promise<Row> {
  const pty = await openPty();
  const gateway = await startGateway(folder, ['--port', pty.path], 'idle');
  const floor = await startFloor(folder, 'waits');
  await pty.write(Buffer.from('ff00000100fe', 'hex'));
  await pause(2000);
  const used = await percentOf([gateway, floor], () => pause(ms));
  await gateway.stop();
  await floor.stop();
  await pty.close();
  const target = { of: 'figure', atMost: MAX_IDLE_PERCENT } as const;
  return { what: 'at rest, link up', figure: used[0] ?? 0, floor: used[1] ?? 0, unit: '% of a core', target };
}

async function atWork(
  folder: string,
  { what, baud, maxPercent }: (typeof LINES)[number],
  ms: number,
): Promise<Row[]> {
  const [pty, other] = [await openPty(), await openPty()];
  const gateway = await startGateway(folder, ['--port', pty.path], `at-${baud}`);
  const floor = await startFloor(folder, 'copy', other.path);
  const listeners = [
    await Listener.open(gateway.socket, 'bodies'),
    await Listener.open(floor.socket, 'frames'),
  ];
  const perSecond = baud / BITS_PER_BYTE / FRAME_LENGTH;
  const sources = [new Source(pty), new Source(other)];
  const feed = (feedMs: number) =>
    Promise.all(sources.map((each) => each.paced(perSecond, feedMs, EVERY_MS)));
  await feed(1500);
  const used = await percentOf([gateway, floor], () => feed(ms));
  const { residentBytes } = await gateway.usage();
  const lost = await lostOf(sources[0], listeners[0]);
  for (const listener of listeners) listener.close();
  await Promise.all([gateway.stop(), floor.stop()]);
  await Promise.all([pty.close(), other.close()]);
  const target = { of: 'figure', atMost: maxPercent } as const;
  return [
    {
      what: `${what}: ${Math.round(perSecond)} messages/s`,
      figure: used[0] ?? 0,
      floor: used[1] ?? 0,
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

async function percentOf(programs: readonly Program[], run: () => Promise<unknown>): Promise<number[]> {
  const before = await Promise.all(programs.map((program) => program.usage()));
  const begun = performance.now();
  await run();
  const ms = performance.now() - begun;
  const after = await Promise.all(programs.map((program) => program.usage()));
  return after.map(
    ({ cpuMs }, index) => ((cpuMs - (before[index] as (typeof before)[number]).cpuMs) / ms) * 100,
  );
}

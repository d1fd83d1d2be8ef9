/**
 * Storing while the feed runs: 1,000 messages of 25 values a second, and between them messages whose way to a listening
 * client is timed. The floor is a gateway without history, at the same time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../src/client/index.js';
import { encodeFrame } from '../src/uart/frame.js';
import { openPty, type Pty } from '../test/support/pty.js';
import { Listener } from './support/listener.js';
import { share } from './support/numbers.js';
import { Source } from './support/paced.js';
import { inFolder, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const MIN_STORED_PER_S = 20_000;
const MAX_P99_RATIO = 1.5;
const MESSAGES_PER_S = 1000;
const VALUES_A_MESSAGE = 25;
const STAMPED_PER_S = 250;
const TICK_MS = 4;
const BATTERY = 16;

export async function run(scale: Scale): Promise<Row[]> {
  return inFolder(async (folder) => {
    const [pty, other] = [await openPty(), await openPty()];
    const gateway = await startGateway(folder, ['--port', pty.path]);
    const config = { MESHGATE_HISTORY_ENABLED: 'false' };
    const floor = await startGateway(folder, ['--port', other.path], 'without', config);
    const listeners = [
      await Listener.open(gateway.socket, 'bodies'),
      await Listener.open(floor.socket, 'bodies'),
    ];
    const sources = [new Source(pty), new Source(other)];
    try {
      const ms = scale === 'short' ? 2000 : 10_000;
      await feed([pty, other], sources, 1000);
      for (const { reader } of listeners) reader.delays = [];
      const before = await storedValues(gateway.socket);
      const begun = performance.now();
      await feed([pty, other], sources, ms);
      const stored = (await storedValues(gateway.socket)) - before;
      const perSecond = (stored / (performance.now() - begun)) * 1000;
      const [ours = [], theirs = []] = listeners.map(({ reader }) => reader.delays);
      return describe(perSecond, ours, theirs, await dropped(gateway.socket));
    } finally {
      for (const listener of listeners) listener.close();
      await Promise.all([gateway.stop(), floor.stop()]);
      await Promise.all([pty.close(), other.close()]);
    }
  });
}

function describe(perSecond: number, ours: number[], theirs: number[], lost: number): Row[] {
  const row = (part: number) => ({ figure: share(ours, part), floor: share(theirs, part), unit: 'ms' });
  return [
    {
      what: 'stored while the feed runs',
      figure: perSecond,
      unit: 'values/s',
      target: { of: 'figure', atLeast: MIN_STORED_PER_S },
    },
    {
      what: 'events that were not stored',
      figure: lost,
      unit: 'events',
      target: { of: 'figure', atMost: 0 },
    },
    { what: 'delay p50 of the feed; floor: without history', ...row(0.5) },
    {
      what: 'delay p99 of the feed; floor: without history',
      ...row(0.99),
      target: { of: 'ratio', atMost: MAX_P99_RATIO },
    },
  ];
}

async function feed(ptys: readonly Pty[], sources: readonly Source[], ms: number): Promise<void> {
  const begun = performance.now();
  const values = valuesFrame();
  for (let sent = 0, stamped = 0, passed = 0; passed < ms; passed = performance.now() - begun) {
    const due = Math.floor((passed / 1000) * MESSAGES_PER_S) - sent;
    const dueStamped = Math.floor((passed / 1000) * STAMPED_PER_S) - stamped;
    sent += due;
    stamped += dueStamped;
    const frames = Buffer.concat(Array.from({ length: due }, () => values));
    if (due > 0) await Promise.all(ptys.map((pty) => pty.write(frames)));
    await Promise.all(sources.map((source) => source.burst(dueStamped)));
    await pause(TICK_MS);
  }
}

function valuesFrame(): Buffer {
  const values = Array.from({ length: VALUES_A_MESSAGE }, (_, index) => [BATTERY, index, 0x0d]).flat();
  return encodeFrame(Buffer.from([0, 5, 0x44, VALUES_A_MESSAGE, ...values]));
}

async function storedValues(socket: string): Promise<number> {
  return (await historyCounters(socket)).values ?? 0;
}

async function dropped(socket: string): Promise<number> {
  return (await historyCounters(socket)).dropped ?? 0;
}

async function historyCounters(socket: string): Promise<Record<string, number>> {
  const client = await connect({ socket });
  const { history } = (await client.call('counters', {})) as unknown as { history: Record<string, number> };
  client.close();
  return history;
}

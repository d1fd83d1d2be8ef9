/**
 * The same messages to 1, 10, 100 and 1,000 listening clients, at 200 messages a second. The clients are in a process
 * of their own. The floor writes what it reads to every client. CPU is that of the gateway or the floor alone.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openPty } from '../test/support/pty.js';
import { Listener, untilAll } from './support/listener.js';
import { share } from './support/numbers.js';
import { Source } from './support/paced.js';
import { inFolder, type Program, startFloor, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';
import type { Form } from './support/stamped.js';

const PER_SECOND = 200;
/** As groups come from a UART. */
const EVERY_MS = 5;
/** CPU for a delivered message at most so many times that of 10 clients. */
const MAX_GROWTH = 1.2;

interface Report {
  readonly delivered: number;
  readonly delays: readonly number[];
}

interface Fan {
  readonly cpuUs: number;
  readonly p99: number;
  readonly lost: number;
}

if (process.argv[2] === 'clients') await runClients();

export async function run(scale: Scale): Promise<Row[]> {
  const sizes = scale === 'short' ? [10, 100] : [1, 10, 100, 1000];
  const rows: Row[] = [];
  let costOfTen = Number.NaN;
  for (const clients of sizes) {
    const { ours, theirs } = await inFolder((folder) => fanOut(folder, clients, scale));
    if (clients === 10) costOfTen = ours.cpuUs;
    rows.push({
      what: `CPU for a delivery, ${clients} clients`,
      figure: ours.cpuUs,
      floor: theirs.cpuUs,
      unit: 'µs',
    });
    if (clients > 10) rows.push(growth(clients, ours.cpuUs, costOfTen));
    rows.push({ what: `delay p99, ${clients} clients`, figure: ours.p99, floor: theirs.p99, unit: 'ms' });
    const target = { of: 'figure', atMost: 0 } as const;
    rows.push({ what: `lost, ${clients} clients`, figure: ours.lost, unit: 'messages', target });
  }
  return rows;
}

function growth(clients: number, figure: number, floor: number): Row {
  const what = `the same; floor: that of 10 clients`;
  return {
    what: `${what} (${clients})`,
    figure,
    floor,
    unit: 'µs',
    target: { of: 'ratio', atMost: MAX_GROWTH },
  };
}

async function fanOut(folder: string, clients: number, scale: Scale): Promise<{ ours: Fan; theirs: Fan }> {
  const pty = await openPty();
  const other = await openPty();
  const gateway = await startGateway(folder, ['--port', pty.path]);
  const floor = await startFloor(folder, 'copy', other.path);
  try {
    const theirs = await measure(floor, new Source(other), clients, 'frames', scale);
    const ours = await measure(gateway, new Source(pty), clients, 'bodies', scale);
    return { ours, theirs };
  } finally {
    await gateway.stop();
    await floor.stop();
    await pty.close();
    await other.close();
  }
}

async function measure(
  program: Program,
  source: Source,
  clients: number,
  form: Form,
  scale: Scale,
): Promise<Fan> {
  const child = fork(fileURLToPath(import.meta.url), ['clients', program.socket, String(clients), form]);
  await once(child, 'message');
  const before = await program.usage();
  await source.paced(PER_SECOND, scale === 'short' ? 1000 : 4000, EVERY_MS);
  child.send(source.sent);
  const [{ delivered, delays }] = (await once(child, 'message')) as [Report];
  const after = await program.usage();
  child.kill('SIGKILL');
  return {
    cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / delivered,
    p99: share(delays, 0.99),
    lost: source.sent * clients - delivered,
  };
}

async function runClients(): Promise<void> {
  const [path = '', count = '0', form = 'bodies'] = process.argv.slice(3);
  const listeners: Listener[] = [];
  for (let opened = 0; opened < Number(count); opened++)
    listeners.push(await Listener.open(path, form as Form));
  process.send?.('ready');
  const [sent] = (await once(process, 'message')) as [number];
  await untilAll(listeners, sent);
  const delivered = listeners.reduce((sum, { reader }) => sum + reader.count, 0);
  const every = Math.ceil(delivered / 50_000);
  const delays = listeners.flatMap(({ reader }) => reader.delays).filter((_, index) => index % every === 0);
  process.send?.({ delivered, delays } satisfies Report);
}

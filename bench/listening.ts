/**
 * From the UART to a listening client, over a real pseudo-terminal. The floor copies bytes from the same kind of
 * terminal to a Unix socket, and does not look at them.
 */
import { openPty, type Pty } from '../test/support/pty.js';
import { Listener } from './support/listener.js';
import { median, share } from './support/numbers.js';
import { Source } from './support/paced.js';
import { inFolder, type Program, startFloor, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';
import type { Form } from './support/stamped.js';

const RATES = [100, 1000];
/** Subject and floor take turns of this length. */
const TURN_MS = 500;
const MIN_PER_S = 60_000;
const MAX_P50_RATIO = 2;

export async function run(scale: Scale): Promise<Row[]> {
  return inFolder(async (folder) => {
    const gateway = await open('bodies', (pty) => startGateway(folder, ['--port', pty.path]));
    const floor = await open('frames', (pty) => startFloor(folder, 'copy', pty.path));
    try {
      const rows: Row[] = [];
      await gateway.burst(5000);
      await floor.burst(5000);
      for (const rate of RATES) rows.push(...(await delays(gateway, floor, rate, scale)));
      return [...rows, ...(await highestRate(gateway, floor, scale))];
    } finally {
      await gateway.close();
      await floor.close();
    }
  });
}

class Line {
  readonly #pty: Pty;
  readonly #program: Program;
  readonly #listener: Listener;
  readonly #source: Source;

  constructor(pty: Pty, program: Program, listener: Listener) {
    this.#pty = pty;
    this.#program = program;
    this.#listener = listener;
    this.#source = new Source(pty);
  }

  get lost(): number {
    return this.#source.sent - this.#listener.reader.count;
  }

  /** Delays of the messages of one turn, ms. */
  async turn(perSecond: number): Promise<number[]> {
    this.#listener.reader.delays = [];
    await this.#source.paced(perSecond, TURN_MS);
    await this.#listener.until(this.#source.sent);
    return this.#listener.reader.delays;
  }

  /** Messages a second that come out when as many go in as the terminal takes. */
  async burst(count: number): Promise<number> {
    this.#listener.reader.delays = [];
    const wanted = this.#source.sent + count;
    const begun = performance.now();
    const sending = this.#source.burst(count);
    await this.#listener.until(wanted);
    await sending;
    return (count / (performance.now() - begun)) * 1000;
  }

  async cpuMs(): Promise<number> {
    return (await this.#program.usage()).cpuMs;
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#program.stop();
    await this.#pty.close();
  }
}

async function open(form: Form, start: (pty: Pty) => Promise<Program>): Promise<Line> {
  const pty = await openPty();
  const program = await start(pty);
  const listener = await Listener.open(program.socket, form);
  return new Line(pty, program, listener);
}

async function delays(gateway: Line, floor: Line, rate: number, scale: Scale): Promise<Row[]> {
  const turns = scale === 'short' ? 2 : 8;
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    theirs.push(...(await floor.turn(rate)));
    ours.push(...(await gateway.turn(rate)));
  }
  const row = (part: number) => ({ figure: share(ours, part), floor: share(theirs, part), unit: 'ms' });
  const target = { of: 'ratio', atMost: MAX_P50_RATIO } as const;
  return [
    { what: `delay p50 at ${rate} messages/s`, ...row(0.5), target },
    { what: `delay p99 at ${rate} messages/s`, ...row(0.99) },
  ];
}

async function highestRate(gateway: Line, floor: Line, scale: Scale): Promise<Row[]> {
  const [turns, count] = scale === 'short' ? [2, 20_000] : [5, 60_000];
  const ours: number[] = [];
  const theirs: number[] = [];
  const before = [await gateway.cpuMs(), await floor.cpuMs()] as const;
  for (let turn = 0; turn < turns; turn++) {
    theirs.push(await floor.burst(count));
    ours.push(await gateway.burst(count));
  }
  const perMessage = 1000 / (turns * count);
  return [
    {
      what: 'CPU for a message, at that rate',
      figure: ((await gateway.cpuMs()) - before[0]) * perMessage,
      floor: ((await floor.cpuMs()) - before[1]) * perMessage,
      unit: 'µs',
    },
    {
      what: 'highest rate, 32-byte messages',
      figure: median(ours),
      floor: median(theirs),
      unit: 'messages/s',
      target: { of: 'figure', atLeast: MIN_PER_S },
    },
    {
      what: 'lost in all of this',
      figure: gateway.lost,
      unit: 'messages',
      target: { of: 'figure', atMost: 0 },
    },
  ];
}

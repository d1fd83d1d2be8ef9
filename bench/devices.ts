/**
 * 1,000 instruments, each on a TCP connection of its own and printing one line of 10 readings a second: what the
 * gateway takes for them, of a core and of memory. The floor: a program that only cuts the same lines and reads the
 * numbers.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../src/client/index.js';
import { becomes } from './support/deadline.js';
import { cpuSeconds, residentBytes } from './support/process-usage.js';
import { inFolder, type Program, startFloor, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const SIZES = { full: { devices: 1000, ms: 20_000 }, short: { devices: 100, ms: 3000 } };
const WARM_UP_MS = 10_000;
const CONNECTED_MS = 60_000;
const READINGS = 10;
const EVERY_MS = 1000;
/** The lines of one second are spread over it. */
const SLICES = 20;

export async function run(scale: Scale): Promise<Row[]> {
  const { devices, ms } = SIZES[scale];
  return inFolder(async (folder) => {
    const instruments = await Instruments.listen();
    const config = join(folder, 'devices.toml');
    writeFileSync(config, settings(devices, instruments.port));
    const gateway = await startGateway(folder, ['--simulate', '--nodes', '1', '--config', config], 'devices');
    const used = await measure(gateway, instruments, devices, ms);
    const lost = instruments.lines - (await linesRead(gateway));
    await gateway.stop();
    const floor = await startFloor(folder, 'read-lines', `${instruments.port}:${devices}`);
    const least = await measure(floor, instruments, devices, ms);
    await floor.stop();
    instruments.close();
    const what = `${devices} devices, ${READINGS} readings of each a second`;
    return [
      { what: `${what}: CPU`, figure: used.percent, floor: least.percent, unit: '% of a core' },
      { what: `${what}: memory`, figure: used.mebibytes, floor: least.mebibytes, unit: 'MiB' },
      { what: 'lines lost', figure: lost, unit: 'lines', target: { of: 'figure', atMost: 0 } },
    ];
  });
}

async function measure(program: Program, instruments: Instruments, devices: number, ms: number) {
  if (!(await becomes(CONNECTED_MS, () => instruments.count >= devices)))
    throw new Error(`${instruments.count} of ${devices} connections in time`);
  instruments.start();
  await pause(WARM_UP_MS);
  const before = cpuSeconds(program.pid);
  await pause(ms);
  const percent = ((cpuSeconds(program.pid) - before) / ms) * 1000 * 100;
  const mebibytes = residentBytes(program.pid) / 2 ** 20;
  instruments.reset();
  await pause(EVERY_MS);
  return { percent, mebibytes };
}

/** By all devices, since they started. */
async function linesRead({ socket }: Program): Promise<number> {
  const client = await connect({ socket });
  const { device } = (await client.call('counters', {})) as { device: Record<string, { lines: number }> };
  client.close();
  return Object.values(device).reduce((sum, { lines }) => sum + lines, 0);
}

function settings(devices: number, port: number): string {
  const columns = Array.from({ length: READINGS }, (_, index) => `(?<r${index}>[-+.\\d]+)`).join(',');
  return Array.from(
    { length: devices },
    (_, index) => `[[device]]
id = "d${index}"
kind = "lines"
port = "tcp:127.0.0.1:${port}"
address = ${0x40000 + index}
[[device.message]]
type = "Readings"
regex = '^${columns}$'
`,
  ).join('\n');
}

/** The instruments: one server, each connection is one. */
class Instruments {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;
  #slice = 0;
  lines = 0;
  port = 0;

  static async listen(): Promise<Instruments> {
    const instruments = new Instruments();
    await new Promise<void>((resolve) => instruments.#server.listen(0, '127.0.0.1', 2048, resolve));
    instruments.port = (instruments.#server.address() as { port: number }).port;
    return instruments;
  }

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    });
  }

  get count(): number {
    return this.#sockets.size;
  }

  start(): void {
    this.#timer = setInterval(() => this.#print(), EVERY_MS / SLICES);
  }

  reset(): void {
    clearInterval(this.#timer);
  }

  close(): void {
    this.reset();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #print(): void {
    const slice = this.#slice++ % SLICES;
    const line = `${Array.from({ length: READINGS }, (_, index) => (Math.random() * 100 + index).toFixed(4)).join(',')}\n`;
    for (const [index, socket] of [...this.#sockets].entries()) {
      if (index % SLICES !== slice) continue;
      socket.write(line);
      this.lines++;
    }
  }
}

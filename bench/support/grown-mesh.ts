/**
 * A process with a gateway whose mesh has `process.argv[2]` nodes with 10 values of 10 types each. Its link is in the
 * same process: it lists all nodes when it is asked. Answers `{ stallMs }` to what it is sent, since the last time.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { limitHeapGrowth } from '../../src/cli/commands/start/heap.js';
import { loadConfig } from '../../src/gateway/settings.js';
import { Gateway, loadTables } from '../../src/gateway.js';
import type { LinkHandlers, OpenLink } from '../../src/link/link.js';
import { answerRequest } from '../../src/socket/classic/commands.js';
import { examineRequest } from '../../src/socket/classic/request.js';
import { encodeFrame } from '../../src/uart/frame.js';
import { share } from './numbers.js';

export interface GrownMesh {
  readonly socket: string;
  readonly updateUs: number;
  readonly getUs: number;
  readonly residentMb: number;
}

const [, , countText = '10', folder = ''] = process.argv;
const NODES = Number(countText);
const FIRST_NODE = 2;
const MAX_ADDRESS = 0x7fff;
const TYPES = 10;
const VALUES = 10;
const VALUE_LENGTH = 6;
const BATCH = 40;
const MEASURED = 20_000;
/** As many are timed together: less than a time slice, so that what else the machine does meets few of them. */
const AT_ONCE = 100;
const RESOLUTION_MS = 1;

limitHeapGrowth();
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let handlers: LinkHandlers | undefined;

const openLink: OpenLink = async (given) => {
  handlers = given;
  return {
    name: 'a grown mesh',
    write: async (bytes) => {
      if (bytes.includes('NINFO')) setImmediate(() => void listNodes());
    },
    close: async () => {},
  };
};

const config = loadConfig(
  {
    socket: join(folder, `grown-${NODES}`),
    data_types: dataTypes(),
    serial: { pace_bytes: 0 },
    mesh: { refresh_s: 0, idle_after_s: 86_400, disconnected_after_s: 86_400 },
  },
  undefined,
  {},
);
const tables = loadTables(config);
const gateway = new Gateway({
  config,
  tables,
  openLink,
  watchForDevices: () => () => {},
  writeLine: () => {},
});
await gateway.serve();
gateway.connect();
while (!handlers) await turn();
await fill(handlers);
const updateUs = await measureUpdates(handlers);
const getUs = await measureGets();
await new Promise((resolve) => setTimeout(resolve, 2000));
process.on('message', () => {
  const stallMs = loop.count === 0 ? 0 : loop.max / 1e6 - RESOLUTION_MS;
  loop.reset();
  loop.enable();
  process.send?.({ stallMs });
});
const residentMb = process.memoryUsage.rss() / 1e6;
process.send?.({ socket: gateway.socketPath, updateUs, getUs, residentMb } satisfies GrownMesh);

function addressOf(index: number): number {
  return 1 + ((FIRST_NODE - 1 + index) % MAX_ADDRESS);
}

/** `address | D | 10 | 10 × (type | value)`. */
function updateOf(address: number, sequence: number): Buffer {
  const body = Buffer.alloc(4 + TYPES * (1 + VALUE_LENGTH), sequence % 200);
  body.writeUInt16BE(address, 0);
  body[2] = 0x44;
  body[3] = TYPES;
  for (let type = 0; type < TYPES; type++) body[4 + type * (1 + VALUE_LENGTH)] = 1 + type;
  return encodeFrame(body);
}

async function fill(to: LinkHandlers): Promise<void> {
  for (let round = 0; round < VALUES; round++) {
    for (let index = 0; index < NODES; index++) {
      to.onBytes(updateOf(addressOf(index), round));
      if (index % 100 === 0) await turn();
    }
  }
}

/** Nodes in no order, so that nothing is near in memory by chance. */
function scattered(count: number): number[] {
  return Array.from({ length: count }, (_, index) => addressOf((index * 7919) % NODES));
}

async function measureUpdates(to: LinkHandlers): Promise<number> {
  const frames = scattered(MEASURED).map((address, index) => updateOf(address, index));
  return usualUs((index) => to.onBytes(frames[index] ?? Buffer.alloc(0)));
}

async function measureGets(): Promise<number> {
  const requests = scattered(MEASURED).map((address) => {
    const bytes = Buffer.from('[GET]\0\0\x01', 'latin1');
    bytes.writeUInt16BE(address, 5);
    return bytes;
  });
  return usualUs((index) => {
    const examined = examineRequest(requests[index] ?? Buffer.alloc(0), tables, 1024);
    if (examined.kind === 'complete') void answerRequest(examined.request, gateway.hub, 'bench');
  });
}

/** µs for one: the lower quartile, since what else the machine does only adds. */
async function usualUs(run: (index: number) => void): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    for (let first = 0; first < MEASURED; first += AT_ONCE) {
      const begun = performance.now();
      for (let index = first; index < first + AT_ONCE; index++) run(index);
      times.push(((performance.now() - begun) * 1000) / AT_ONCE);
      await turn();
    }
  }
  return share(times, 0.25);
}

/** Net Info: `0000 | 01 | count | count × (address, uuid)`, one batch a turn. */
async function listNodes(): Promise<void> {
  for (let first = 0; first <= NODES; first += BATCH) {
    const count = Math.min(BATCH, NODES - first);
    const body = Buffer.alloc(4 + count * 18, 0x32);
    body.fill(0, 0, 2);
    body[2] = 1;
    body[3] = count;
    for (let entry = 0; entry < count; entry++) body.writeUInt16BE(addressOf(first + entry), 4 + entry * 18);
    handlers?.onBytes(encodeFrame(body));
    await turn();
    if (count < BATCH) return;
  }
}

function dataTypes(): string {
  const file = join(folder, 'data-types.json');
  const types = Array.from({ length: TYPES }, (_, index) => ({
    name: `Kind${String.fromCharCode(65 + index)}`,
    id: 1 + index,
    length: VALUE_LENGTH,
    fields: [
      { name: 'first', type: 'i24', endian: 'le', scale: 0.001, unit: 'deg' },
      { name: 'second', type: 'i24', endian: 'le', scale: 0.001, unit: 'deg' },
    ],
  }));
  types.push({ ...types[0], name: 'Report', id: 123 } as (typeof types)[number]);
  types.push({ ...types[0], name: 'Position', id: 122 } as (typeof types)[number]);
  writeFileSync(file, JSON.stringify({ types }));
  return file;
}

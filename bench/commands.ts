/**
 * One command a connection, as existing clients do it, on a Unix socket. The floor answers one byte to anything.
 * `[GET]` names a type by its id, and so is complete when it is there.
 */
import { connect } from 'node:net';
import { openPty } from '../test/support/pty.js';
import { byTurns, share } from './support/numbers.js';
import { inFolder, startFloor, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const MIN_RATIO = 0.8;
/** Connections at the same time, where the rate is measured. */
const AT_ONCE = 8;
/** Until V8 has compiled what is hot, in both. */
const WARM_UP = 4000;
/** Node 5 says that it is there: Sequence, and GPS. */
const UPDATE = Buffer.from('ff00054402000701010203040506fe', 'hex');

const REQUESTS: Readonly<Record<string, Buffer>> = {
  'ACT-C': Buffer.from('ACT-C\0\0', 'latin1'),
  '[GET]': Buffer.from('[GET]\0\x05GPS', 'latin1'),
};

export async function run(scale: Scale): Promise<Row[]> {
  return inFolder(async (folder) => {
    const pty = await openPty();
    const gateway = await startGateway(folder, ['--port', pty.path]);
    const floor = await startFloor(folder, 'one-byte');
    try {
      await pty.write(UPDATE);
      await untilAnswered(gateway.socket);
      const rows: Row[] = [];
      for (const [name, request] of Object.entries(REQUESTS)) {
        rows.push(...(await measure(name, request, gateway.socket, floor.socket, scale)));
      }
      return rows;
    } finally {
      await gateway.stop();
      await floor.stop();
      await pty.close();
    }
  });
}

async function untilAnswered(socket: string): Promise<void> {
  const request = REQUESTS['[GET]'] ?? Buffer.alloc(0);
  for (let tries = 0; (await ask(socket, request))[0] !== 'S'.charCodeAt(0); tries++) {
    if (tries > 500) throw new Error('node 5 is not there');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function measure(
  name: string,
  request: Buffer,
  gateway: string,
  floor: string,
  scale: Scale,
): Promise<Row[]> {
  const [rounds, count] = scale === 'short' ? [5, 800] : [9, 2000];
  await rate(gateway, request, WARM_UP);
  await rate(floor, request, WARM_UP);
  const rates = await byTurns(
    rounds,
    () => rate(gateway, request, count),
    () => rate(floor, request, count),
  );
  const delays = await byTurns(
    rounds,
    () => delay(gateway, request, count),
    () => delay(floor, request, count),
  );
  return [
    {
      what: `${name}, ${AT_ONCE} at once`,
      ...rates,
      unit: 'commands/s',
      target: { of: 'ratio', atLeast: MIN_RATIO },
    },
    { what: `${name}, one after another, p50`, ...delays, unit: 'ms' },
  ];
}

async function rate(socket: string, request: Buffer, count: number): Promise<number> {
  const begun = performance.now();
  let left = count;
  const askOn = async () => {
    while (left-- > 0) await ask(socket, request);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askOn));
  return (count / (performance.now() - begun)) * 1000;
}

/** The median, ms from connecting to the reply and its end. */
async function delay(socket: string, request: Buffer, count: number): Promise<number> {
  const delays: number[] = [];
  for (let asked = 0; asked < count / AT_ONCE; asked++) {
    const begun = performance.now();
    await ask(socket, request);
    delays.push(performance.now() - begun);
  }
  return share(delays, 0.5);
}

function ask(path: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let reply: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      reply = Buffer.concat([reply, chunk]);
    });
    socket.on('error', reject).on('close', () => resolve(reply));
    socket.write(request);
  });
}

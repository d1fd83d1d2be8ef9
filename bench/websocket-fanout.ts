/**
 * 200 websocket clients while the mesh sends 500 messages a second; one of the clients never reads. The others must
 * lose nothing. Run by `node dist/bench/websocket-fanout.js`; takes some 20 s.
 *
 * The clients are in a process of their own, so that the CPU figure is the gateway's.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { startGateway } from '../test/support/gateway-fixture.js';

const CLIENTS = 200;
const MESSAGES_PER_S = 500;
const SECONDS = 12;
const MESSAGES = MESSAGES_PER_S * SECONDS;
const PAYLOAD = 100;
/** The client that never reads is sent everything so many times: more than the system's own buffers take. */
const LAZY_SUBSCRIPTIONS = 16;
/** Messages go out in groups, as they come in blocks from a UART. */
const GROUP_EVERY_MS = 10;
/** What clients have to take the last ones. */
const PATIENCE_MS = 5000;

const SUBSCRIBE = '{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"kinds":["message"]}}';

interface Report {
  readonly connected: number;
  readonly delivered: number;
  readonly expected: number;
  readonly p50: number;
  readonly p99: number;
  /** What the client that never read finds when it reads at last. */
  readonly late: { readonly read: number; readonly ending: string };
}

if (process.argv[2] === 'clients') await runClients(process.argv[3] ?? '');

export async function run(): Promise<object[]> {
  const settings = { clients: { outbox_bytes: 262_144 } };
  const { webHost, root, close } = await startGateway({ web: true, settings });
  const clients = fork(fileURLToPath(import.meta.url), ['clients', webHost], { stdio: 'inherit' });
  clients.once('exit', (code) => {
    if (code !== 0) throw new Error(`the clients' process ended with exit code ${code}`);
  });
  await once(clients, 'message');
  const before = process.cpuUsage();
  const begun = performance.now();
  await sendAll((body) => root.say(body));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - begun) / 1000;
  clients.send('all is sent');
  const [report] = (await once(clients, 'message')) as [Report];
  await close();
  return describe(report, (user + system) / 1e6 / seconds);
}

/** Each message has its number, when it was sent (8 bytes, microseconds), and some payload. */
async function sendAll(say: (body: Buffer) => void): Promise<void> {
  const begun = performance.now();
  for (let sent = 0; sent < MESSAGES; ) {
    const due = Math.min(MESSAGES, Math.floor(((performance.now() - begun) / 1000) * MESSAGES_PER_S));
    for (; sent < due; sent++) say(messageAt(sent));
    await new Promise((resolve) => setTimeout(resolve, GROUP_EVERY_MS));
  }
}

function messageAt(index: number): Buffer {
  const body = Buffer.alloc(15 + PAYLOAD);
  body.writeUInt16BE(5 + (index % 100), 0);
  body[2] = 0x45;
  body.writeUInt32BE(index, 3);
  body.writeBigUInt64BE(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)), 7);
  return body;
}

function describe({ connected, delivered, expected, p50, p99, late }: Report, cpu: number): object[] {
  return [
    { what: 'clients, one of them never reading', figure: connected },
    { what: 'messages a second', figure: MESSAGES_PER_S },
    { what: `delivered of ${expected}`, figure: delivered },
    { what: 'lost', figure: expected - delivered },
    { what: 'delay p50, ms', figure: p50.toFixed(1) },
    { what: 'delay p99, ms', figure: p99.toFixed(1) },
    { what: 'CPU of the gateway, % of a core', figure: (cpu * 100).toFixed(0) },
    { what: 'the one that never read found at last', figure: `${late.read} messages, then ${late.ending}` },
  ];
}

async function runClients(host: string): Promise<void> {
  const readers = await Promise.all(Array.from({ length: CLIENTS - 1 }, () => subscribe(host)));
  const lazy = await subscribe(host);
  for (let more = 1; more < LAZY_SUBSCRIPTIONS; more++) lazy.socket.send(SUBSCRIBE);
  lazy.socket.pause();
  process.send?.('ready');
  await once(process, 'message');
  const end = performance.now() + PATIENCE_MS;
  const isDone = () => readers.every(({ delays }) => delays.length >= MESSAGES);
  while (!isDone() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  process.send?.({ ...reportOn(readers), late: await readLate(lazy.socket) });
  for (const { socket } of [...readers, lazy]) socket.terminate();
  process.disconnect();
}

interface Reader {
  readonly socket: WebSocket;
  /** ms of each message that came, each once and in its order. */
  readonly delays: number[];
}

async function subscribe(host: string): Promise<Reader> {
  const socket = new WebSocket(`ws://${host}/rpc`);
  await once(socket, 'open');
  socket.send(SUBSCRIBE);
  await once(socket, 'message');
  const reader: Reader = { socket, delays: [] };
  socket.on('message', (data) => onMessage(String(data), reader.delays));
  return reader;
}

function onMessage(text: string, delays: number[]): void {
  const { method, params } = JSON.parse(text);
  if (method !== 'event') return;
  const body = Buffer.from(params.event.message.body, 'hex');
  if (body.readUInt32BE(3) !== delays.length) return;
  delays.push(performance.timeOrigin + performance.now() - Number(body.readBigUInt64BE(7)) / 1000);
}

async function readLate(socket: WebSocket): Promise<Report['late']> {
  let read = 0;
  let ending = 'nothing';
  socket.on('message', (data) => {
    const { method, params } = JSON.parse(String(data));
    if (method === 'event') read++;
    if (method === 'gap') ending = `a gap of ${params.dropped}`;
    if (method === 'closing') ending = `closed, ${params.reason}`;
  });
  socket.resume();
  const end = performance.now() + PATIENCE_MS;
  while (ending === 'nothing' && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return { read, ending };
}

function reportOn(readers: readonly Reader[]): Omit<Report, 'late'> {
  const delays = readers.flatMap((reader) => reader.delays).sort((a, b) => a - b);
  const share = (part: number) => delays[Math.floor(delays.length * part)] ?? Number.NaN;
  const expected = readers.length * MESSAGES;
  return { connected: CLIENTS, delivered: delays.length, expected, p50: share(0.5), p99: share(0.99) };
}

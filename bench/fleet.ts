/**
 * A fleet on one machine: 20 gateways, each a process of its own with a virtual mesh of 50 nodes that reports once a
 * second and a history on disk, all at one mosquitto. What the broker carries, what it and a gateway take, and how long
 * a fleet's client waits. First without a reader, then with one that follows every event.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectFleet, type Fleet } from '../src/fleet/index.js';
import { Mosquitto } from '../test/support/mosquitto.js';
import { MqttWatcher } from '../test/support/mqtt-client.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const GATEWAYS = 20;
const NODES = 50;
const ASKED = 5;
const MEASURE_MS = 15_000;
const TICKS_PER_SECOND = 100;
const LINES = ['allow_anonymous true', 'sys_interval 1', 'max_queued_messages 10000'];

export async function run(): Promise<object[]> {
  const broker = await Mosquitto.start({ lines: LINES });
  const folder = await mkdtemp(join(tmpdir(), 'meshgate-bench-'));
  const children = Array.from({ length: GATEWAYS }, (_, index) => startGateway(folder, broker.url, index));
  const counters = await MqttWatcher.connect(broker.url, ['$SYS/#']);
  const fleet = await connectFleet({ url: broker.url });
  try {
    await untilAllKnown(fleet);
    await pause(10_000);
    const alone = await measure(broker, children, counters);
    const reading = await followAll(fleet);
    const followed = await measure(broker, children, counters);
    await reading.end();
    return [
      { what: 'without a reader', ...alone },
      { what: 'one client follows every event', ...followed },
      { what: `nodes of all gateways, ${NODES * GATEWAYS}`, ...(await askNodes(fleet)) },
    ];
  } finally {
    await fleet.close();
    await counters.close();
    await Promise.all(children.map(endProcess));
    await broker.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

function startGateway(folder: string, url: string, index: number): ChildProcess {
  const id = `field-${String(index + 1).padStart(2, '0')}`;
  const place = ['--socket', join(folder, id), '--state', join(folder, `${id}-state`), '--http', 'off'];
  const mesh = ['--simulate', '--nodes', String(NODES), '--seed', String(index + 1)];
  return spawn(process.execPath, [MAIN, 'start', ...mesh, ...place, '--mqtt', url], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '', MESHGATE_MQTT_ID: id },
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGINT');
  await ended;
}

async function untilAllKnown(fleet: Fleet): Promise<void> {
  while (fleet.gateways().filter(({ state }) => state === 'online').length < GATEWAYS) await pause(200);
  while ((await countNodes(fleet)) < GATEWAYS * NODES) await pause(1000);
}

async function countNodes(fleet: Fleet): Promise<number> {
  const counts = await Promise.all(
    fleet.gateways().map(async ({ id }) => {
      const client = await fleet.client(id, { reconnect: false });
      const { nodes } = await client.nodes();
      client.close();
      return nodes.length;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function measure(broker: Mosquitto, children: readonly ChildProcess[], counters: MqttWatcher) {
  const pids = children.map(({ pid }) => pid ?? 0);
  const before = { broker: cpuSeconds(broker.pid), gateways: pids.map(cpuSeconds), ...read(counters) };
  const begun = performance.now();
  await pause(MEASURE_MS);
  const seconds = (performance.now() - begun) / 1000;
  const after = { broker: cpuSeconds(broker.pid), gateways: pids.map(cpuSeconds), ...read(counters) };
  const perSecond = (from: number, to: number) => ((to - from) / seconds).toFixed(0);
  const used = sum(after.gateways) - sum(before.gateways);
  return {
    'published, messages/s': perSecond(before.received, after.received),
    'delivered, messages/s': perSecond(before.sent, after.sent),
    'published, kB/s': ((after.bytes - before.bytes) / seconds / 1000).toFixed(0),
    'retained topics': after.retained,
    'broker, % of a core': (((after.broker - before.broker) / seconds) * 100).toFixed(1),
    'broker, MB': (residentBytes(broker.pid) / 1e6).toFixed(1),
    'a gateway, % of a core': ((used / seconds / children.length) * 100).toFixed(1),
    'a gateway, MB': (sum(pids.map(residentBytes)) / 1e6 / children.length).toFixed(0),
  };
}

function read(counters: MqttWatcher) {
  const figure = (name: string) => counters.at<number>(`$SYS/broker/${name}`) ?? 0;
  return {
    received: figure('publish/messages/received'),
    sent: figure('publish/messages/sent'),
    bytes: figure('publish/bytes/received'),
    retained: figure('retained messages/count'),
  };
}

/** A client of each gateway that reads every event, as `meshgate --fleet URL watch` does. */
async function followAll(fleet: Fleet) {
  const clients = await Promise.all(fleet.gateways().map(({ id }) => fleet.client(id)));
  const reading = clients.map(async (client) => {
    for await (const _ of client.subscribe());
  });
  for (const one of reading) one.catch(() => {});
  return {
    end: async () => {
      for (const client of clients) client.close();
      await Promise.allSettled(reading);
    },
  };
}

async function askNodes(fleet: Fleet) {
  const times: number[] = [];
  for (let asked = 0; asked < ASKED; asked++) {
    const begun = performance.now();
    await countNodes(fleet);
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  return { 'median, ms': times[ASKED >> 1]?.toFixed(0), 'most, ms': times.at(-1)?.toFixed(0) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentBytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

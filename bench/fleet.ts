/**
 * A fleet on one machine: 20 gateways, each a process of its own with a virtual mesh of 50 nodes and a history on
 * disk, all at one mosquitto. What reaches the broker and a program that follows all of them, how late, whether all of
 * it, and what each of them takes. First without that program, then with it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { MeshgateClient } from '../src/client/index.js';
import { connectFleet, type Fleet } from '../src/fleet/index.js';
import { hasMosquitto, Mosquitto } from '../test/support/mosquitto.js';
import { BROKER_LINES, type BrokerCounts, BrokerFigures } from './support/broker-figures.js';
import { endWithBenchmark, Helper, startNode, stopNode } from './support/children.js';
import { becomes, within } from './support/deadline.js';
import type { NodesAnswer, ReaderAccount, ReaderReport } from './support/fleet-reader.js';
import { median } from './support/numbers.js';
import { cpuSeconds, residentBytes } from './support/process-usage.js';
import { inFolder } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const READER = new URL('./support/fleet-reader.js', import.meta.url);
const SIZES = { full: { gateways: 20, measureMs: 20_000 }, short: { gateways: 4, measureMs: 3000 } };
const NODES = 50;
/**
 * Data updates of a node: one in five seconds, beside its battery, its temperature and its place every ten. With one a
 * second, 20 virtual meshes and their gateways alone would fill two cores.
 */
const RATE_HZ = 0.2;
/** Gateways that start at the same time: each uses a core for almost a second. */
const AT_ONCE = 4;
const ONLINE_MS = 20_000;
/** The share of nodes that is waited for: a virtual mesh always has some that are away. */
const KNOWN = 0.99;
const KNOWN_MS = 40_000;
const ANSWER_MS = 15_000;
const CLI_MS = 20_000;
const ASKED = 5;
/** For mosquitto's own figures to be of what is measured. */
const SETTLE_MS = 2500;

type Size = (typeof SIZES)[Scale];
type Tell = (name: string, figure: number, unit: string) => void;

interface Look {
  readonly at: number;
  /** Publications that the broker has acknowledged; its own count leaves out what is retained. */
  readonly published: number;
  readonly counts: BrokerCounts;
}

export async function run(scale: Scale): Promise<Row[]> {
  if (!hasMosquitto) {
    console.log('fleet: skipped, mosquitto is not installed');
    return [];
  }
  return inFolder((folder) => new FleetBenchmark(folder, SIZES[scale]).run());
}

interface Subjects {
  readonly broker: Mosquitto;
  readonly fleet: Fleet;
  readonly figures: BrokerFigures;
  readonly reader?: Helper;
}

class FleetBenchmark {
  readonly #folder: string;
  readonly #size: Size;
  readonly #gateways: ChildProcess[] = [];
  readonly #rows: Row[] = [];

  constructor(folder: string, size: Size) {
    this.#folder = folder;
    this.#size = size;
  }

  async run(): Promise<Row[]> {
    const broker = await Mosquitto.start({ lines: BROKER_LINES });
    endWithBenchmark(broker.pid);
    const figures = await BrokerFigures.open(broker.url);
    const fleet = await connectFleet({ url: broker.url });
    try {
      await this.#startAll(broker, fleet);
      await pause(SETTLE_MS);
      await this.#measureAll(broker, fleet, figures);
      return this.#rows;
    } finally {
      await fleet.close();
      await Promise.all(this.#gateways.map(stopNode));
      await figures.close();
      await broker.remove();
    }
  }

  async #startAll(broker: Mosquitto, fleet: Fleet): Promise<void> {
    const begun = performance.now();
    const { gateways } = this.#size;
    while (this.#gateways.length < gateways) {
      const some = Math.min(AT_ONCE, gateways - this.#gateways.length);
      for (let count = 0; count < some; count++) this.#start(broker.url);
      const wanted = this.#gateways.length;
      if (!(await becomes(ONLINE_MS, () => countOnline(fleet) >= wanted))) {
        throw new Error(`${countOnline(fleet)} of ${wanted} gateways have joined the broker in time`);
      }
    }
    this.#tell(`${gateways} gateways, ${AT_ONCE} at once, all at the broker`, seconds(begun), 's');
    await becomes(KNOWN_MS, async () => (await countNodes(fleet)) >= gateways * NODES * KNOWN);
    this.#tell(
      'nodes that the gateways know then',
      await countNodes(fleet),
      `nodes, ${seconds(begun).toFixed(0)} s`,
    );
  }

  #start(url: string): void {
    const id = `field-${String(this.#gateways.length + 1).padStart(2, '0')}`;
    const place = ['--socket', join(this.#folder, id), '--state', join(this.#folder, `${id}-state`)];
    const mesh = ['--simulate', '--nodes', String(NODES), '--seed', String(this.#gateways.length + 1)];
    const env = {
      PATH: process.env.PATH,
      MESHGATE_MQTT_ID: id,
      MESHGATE_SIMULATION_RATE_HZ: String(RATE_HZ),
    };
    const args = [MAIN, 'start', ...mesh, ...place, '--http', 'off', '--mqtt', url];
    this.#gateways.push(startNode(args, { stdio: 'ignore', env }));
  }

  async #measureAll(broker: Mosquitto, fleet: Fleet, figures: BrokerFigures): Promise<void> {
    await this.#measure('no reader', { broker, fleet, figures });
    const reader = new Helper(READER, broker.url);
    try {
      await reader.ready(ANSWER_MS);
      await reader.ask('report', ANSWER_MS);
      await this.#measure('one reader of all', { broker, fleet, figures, reader });
      const times: number[] = [];
      let nodes = 0;
      for (let asked = 0; asked < ASKED; asked++) {
        const answer = await reader.ask<NodesAnswer>('nodes', ANSWER_MS);
        times.push(answer.ms);
        nodes = answer.nodes;
      }
      this.#tell(`nodes of all fields, ${nodes} nodes, by one that is connected`, median(times), 'ms');
      this.#tellAccount(await reader.ask<ReaderAccount>('caught-up', ANSWER_MS));
    } finally {
      await reader.stop();
    }
    this.#tell('meshgate --fleet … nodes, process start included', await this.#runNodes(broker.url), 'ms');
  }

  async #measure(what: string, { broker, fleet, figures, reader }: Subjects): Promise<void> {
    const pids = this.#gateways.map(({ pid }) => pid ?? 0);
    const look = async () => ({
      at: performance.now(),
      published: await countPublished(fleet),
      counts: figures.read(),
      broker: cpuSeconds(broker.pid),
      gateways: pids.map(cpuSeconds).reduce((total, each) => total + each, 0),
      reader: reader ? cpuSeconds(reader.pid) : 0,
    });
    const before = await look();
    await pause(this.#size.measureMs);
    const after = await look();
    const report = await reader?.ask<ReaderReport>('report', ANSWER_MS);
    const spent = (after.at - before.at) / 1000;
    const tell = (name: string, figure: number, unit: string) => this.#tell(`${what}: ${name}`, figure, unit);
    const percent = (from: number, to: number) => ((to - from) / spent) * 100;
    this.#tellBroker(tell, before, after);
    tell('broker, CPU', percent(before.broker, after.broker), '% of a core');
    tell('a gateway, CPU', percent(before.gateways, after.gateways) / pids.length, '% of a core');
    tell('a gateway, resident', meanOf(pids.map(residentBytes)) / 1e6, 'MB');
    tell('broker, resident', residentBytes(broker.pid) / 1e6, 'MB');
    if (!reader || !report) return;
    tell('events that reach it', report.events / spent, 'events/s');
    tell('delay p50, event to reader', report.delayP50, 'ms');
    tell('delay p99, event to reader', report.delayP99, 'ms');
    tell('reader, CPU', percent(before.reader, after.reader), '% of a core');
    tell('reader, resident', residentBytes(reader.pid) / 1e6, 'MB');
  }

  #tellBroker(tell: Tell, before: Look, after: Look): void {
    const published = after.published - before.published;
    tell('publications to the broker', published / ((after.at - before.at) / 1000), 'messages/s');
    tell('payload of one, mean', (after.counts.bytes - before.counts.bytes) / Math.max(1, published), 'B');
    tell('topics that it retains', after.counts.retained, 'topics');
    tell('dropped by the broker', after.counts.dropped - before.counts.dropped, 'messages');
  }

  #tellAccount({ numbered, received, named }: ReaderAccount): void {
    this.#tell('events that the gateways numbered', numbered, 'events');
    this.#tell('of them named by a gap', named, 'events');
    const lost = numbered - received - named;
    this.#rows.push({
      what: 'of them lost',
      figure: lost,
      unit: 'events',
      target: { of: 'figure', atMost: 0 },
    });
  }

  async #runNodes(url: string): Promise<number> {
    const begun = performance.now();
    const child = startNode([MAIN, '--fleet', url, 'nodes'], { stdio: 'ignore' });
    await within(CLI_MS, 'meshgate nodes', once(child, 'exit'));
    return performance.now() - begun;
  }

  #tell(what: string, figure: number, unit: string): void {
    this.#rows.push({ what, figure, unit });
  }
}

function countOnline(fleet: Fleet): number {
  return fleet.gateways().filter(({ state }) => state === 'online').length;
}

function countNodes(fleet: Fleet): Promise<number> {
  return askEach(fleet, async (client) => (await client.nodes()).nodes.length);
}

/** The sum of what each gateway says. */
async function askEach(fleet: Fleet, ask: (client: MeshgateClient) => Promise<number>): Promise<number> {
  const figures = fleet.gateways().map(async ({ id }) => {
    const client = await fleet.client(id, { reconnect: false });
    const figure = await ask(client);
    client.close();
    return figure;
  });
  return (await Promise.all(figures)).reduce((sum, figure) => sum + figure, 0);
}

interface MqttCounters {
  readonly clients: { readonly mqtt: { readonly outbox: { readonly acknowledged: number } } };
}

function countPublished(fleet: Fleet): Promise<number> {
  return askEach(fleet, async (client) => {
    const { clients } = (await client.call('counters', {})) as unknown as MqttCounters;
    return clients.mqtt.outbox.acknowledged;
  });
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0) / numbers.length;
}

/**
 * A program that follows every event of a fleet, in a process of its own. Asked for `report`, it tells what has come
 * since it was asked last; for `caught-up`, what is missing once it has what the gateways had when it was asked; for
 * `nodes`, how long all nodes of all gateways take.
 */
import { createInterface } from 'node:readline';
import type { MeshgateClient } from '../../src/client/index.js';
import { connectFleet } from '../../src/fleet/index.js';
import { becomes } from './deadline.js';
import { share } from './numbers.js';

export interface ReaderReport {
  readonly events: number;
  /** ms from an event to this program. */
  readonly delayP50: number;
  readonly delayP99: number;
}

export interface ReaderAccount {
  /** Events that the gateways have numbered since this program had their first. */
  readonly numbered: number;
  readonly received: number;
  /** Named by gap notices. */
  readonly named: number;
}

export interface NodesAnswer {
  readonly nodes: number;
  readonly ms: number;
}

const CATCH_UP_MS = 10_000;

/** The events of one gateway. */
class Following {
  readonly client: MeshgateClient;
  first: number | undefined;
  last = 0;
  received = 0;
  named = 0;

  constructor(client: MeshgateClient) {
    this.client = client;
    this.#read().catch((error: unknown) => console.error(error));
  }

  async #read(): Promise<void> {
    for await (const event of this.client.subscribe()) {
      if (event.kind === 'gap') this.named += (event.to ?? event.from) - event.from + 1;
      else if (event.kind !== 'snapshot') this.#take(event.seq, event.at);
    }
  }

  #take(seq: number, at: number): void {
    this.first ??= seq;
    this.last = seq;
    this.received++;
    delays.push(Date.now() - at);
  }

  async catchUp(): Promise<void> {
    const { seq } = await this.client.status();
    await becomes(CATCH_UP_MS, () => this.last >= seq);
  }
}

let delays: number[] = [];
const fleet = await connectFleet({ url: process.argv[2] ?? '' });
const all = await Promise.all(fleet.gateways().map(async ({ id }) => new Following(await fleet.client(id))));

function report(): ReaderReport {
  const some = delays;
  delays = [];
  return { events: some.length, delayP50: share(some, 0.5), delayP99: share(some, 0.99) };
}

async function account(): Promise<ReaderAccount> {
  await Promise.all(all.map((each) => each.catchUp()));
  const sum = (figure: (each: Following) => number) => all.reduce((total, each) => total + figure(each), 0);
  return {
    numbered: sum(({ first, last }) => (first === undefined ? 0 : last - first + 1)),
    received: sum(({ received }) => received),
    named: sum(({ named }) => named),
  };
}

async function nodes(): Promise<NodesAnswer> {
  const begun = performance.now();
  const lists = await Promise.all(all.map(({ client }) => client.nodes()));
  const count = lists.reduce((total, list) => total + list.nodes.length, 0);
  return { nodes: count, ms: performance.now() - begun };
}

const ANSWERS: Readonly<Record<string, () => object | Promise<object>>> = {
  report,
  'caught-up': account,
  nodes,
};

console.log('{}');
for await (const question of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await ANSWERS[question]?.()));
}
await fleet.close();

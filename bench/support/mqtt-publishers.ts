/**
 * As many connections as a farm has gateways, that publish what a gateway publishes, with QoS 1 and as many
 * unacknowledged as mosquitto lets an MQTT 5 client have. Asked `RATE MS`, they publish for so long; rate 0 is as fast
 * as it goes.
 */
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Publication } from '../../src/mqtt/broker.js';
import { becomes } from './deadline.js';
import { ownPublications } from './own-publications.js';

export interface Published {
  /** Acknowledged by the broker. */
  readonly publications: number;
  readonly payloadBytes: number;
  readonly ms: number;
}

const UNACKNOWLEDGED = 20;
const MESSAGES = 2000;
const TICK_MS = 2;
const LAST_ACKNOWLEDGEMENT_MS = 5000;

const [url = '', connections = '1'] = process.argv.slice(2);
const publications = await ownPublications(MESSAGES);
const clients = await Promise.all(
  Array.from({ length: Number(connections) }, () => connectAsync(url, { protocolVersion: 5 })),
);

class Run {
  published = 0;
  acknowledged = 0;
  payloadBytes = 0;
  readonly #open = new Map<MqttClient, number>();
  #isOver = false;

  get unacknowledged(): number {
    return this.published - this.acknowledged;
  }

  /** Publishes with the client that has the fewest unacknowledged messages; false if all are at their limit. */
  publish(): boolean {
    const client = clients[this.published % clients.length];
    const open = client && (this.#open.get(client) ?? 0);
    if (!client || open === undefined || open >= UNACKNOWLEDGED) return false;
    this.#publishAt(client, this.#next());
    return true;
  }

  /** Each connection continues as soon as something is acknowledged. */
  start(): void {
    for (const client of clients)
      for (let count = 0; count < UNACKNOWLEDGED; count++) this.#publishAt(client, this.#next(), true);
  }

  stop(): void {
    this.#isOver = true;
  }

  #next(): Publication {
    const publication = publications[this.published++ % publications.length];
    if (!publication) throw new Error('there is nothing to publish');
    return publication;
  }

  #publishAt(client: MqttClient, { topic, payload, retain }: Publication, goesOn = false): void {
    this.#open.set(client, (this.#open.get(client) ?? 0) + 1);
    this.payloadBytes += payload.length;
    client.publish(topic, payload, { qos: 1, retain }, () => {
      this.acknowledged++;
      this.#open.set(client, (this.#open.get(client) ?? 0) - 1);
      if (goesOn && !this.#isOver) this.#publishAt(client, this.#next(), true);
    });
  }
}

async function publish(perSecond: number, ms: number): Promise<Published> {
  const run = new Run();
  const begun = performance.now();
  if (perSecond === 0) run.start();
  for (let passed = 0; passed < ms; passed = performance.now() - begun) {
    const due = Math.floor((passed / 1000) * perSecond);
    while (perSecond > 0 && run.published < due && run.publish());
    await pause(TICK_MS);
  }
  run.stop();
  await becomes(LAST_ACKNOWLEDGEMENT_MS, () => run.unacknowledged === 0);
  return { publications: run.acknowledged, payloadBytes: run.payloadBytes, ms: performance.now() - begun };
}

console.log('{}');
for await (const question of createInterface({ input: process.stdin })) {
  const [perSecond = 0, ms = 0] = question.split(' ').map(Number);
  console.log(JSON.stringify(await publish(perSecond, ms)));
}
await Promise.all(clients.map((client) => client.endAsync()));

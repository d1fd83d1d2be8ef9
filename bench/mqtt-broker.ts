/**
 * What one mosquitto carries: the publications of gateways, as 20 connections bring them, to so many programs that
 * read all of them. Its CPU for a publication and for handing one on, at a rate that it carries easily, and the highest
 * rate that it takes. The broker is a process of its own, and so are the publishers and the readers.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { hasMosquitto, Mosquitto } from '../test/support/mosquitto.js';
import { BROKER_LINES } from './support/broker-figures.js';
import { endWithBenchmark, Helper } from './support/children.js';
import { becomes } from './support/deadline.js';
import type { Published } from './support/mqtt-publishers.js';
import type { Read } from './support/mqtt-subscribers.js';
import { cpuSeconds, residentBytes } from './support/process-usage.js';
import type { Row, Scale } from './support/row.js';

const PUBLISHERS = new URL('./support/mqtt-publishers.js', import.meta.url);
const SUBSCRIBERS = new URL('./support/mqtt-subscribers.js', import.meta.url);
const GATEWAYS = 20;
const PER_SECOND = 2000;
const READERS = [
  { count: 0, qos: 1 },
  { count: 1, qos: 1 },
  { count: 4, qos: 1 },
  { count: 8, qos: 1 },
  { count: 8, qos: 0 },
] as const;
const PATIENCE_MS = 30_000;
const LAST_MS = 5000;
const SETTLE_MS = 500;

interface Carried {
  readonly published: Published;
  readonly delivered: number;
  readonly cpuSeconds: number;
}

export async function run(scale: Scale): Promise<Row[]> {
  if (!hasMosquitto) {
    console.log('mqtt-broker: skipped, mosquitto is not installed');
    return [];
  }
  const ms = scale === 'short' ? 1000 : 6000;
  const broker = await Mosquitto.start({ lines: BROKER_LINES });
  endWithBenchmark(broker.pid);
  const publishers = new Helper(PUBLISHERS, broker.url, String(GATEWAYS));
  try {
    await publishers.ready(PATIENCE_MS);
    await publishers.ask(`0 ${ms / 3}`, PATIENCE_MS);
    const rows: Row[] = [];
    for (const readers of READERS) rows.push(...(await easily(broker, publishers, readers, ms)));
    for (const count of [0, 1]) rows.push(...(await asFastAsItGoes(broker, publishers, count, ms)));
    rows.push({ what: 'broker, resident', figure: residentBytes(broker.pid) / 1e6, unit: 'MB' });
    return rows;
  } finally {
    await publishers.stop();
    await broker.remove();
  }
}

type Readers = (typeof READERS)[number];

async function easily(broker: Mosquitto, publishers: Helper, readers: Readers, ms: number): Promise<Row[]> {
  const carried = await carry(broker, publishers, readers, `${PER_SECOND} ${ms}`);
  const { publications, payloadBytes } = carried.published;
  const what = `${readers.count} readers, QoS ${readers.qos}`;
  const rows: Row[] = [
    {
      what: `${what}: CPU of the broker for a publication`,
      figure: (carried.cpuSeconds / publications) * 1e6,
      unit: 'µs',
    },
  ];
  if (readers.count === 0)
    rows.push({ what: 'payload of one, mean', figure: payloadBytes / publications, unit: 'B' });
  else rows.push(lostRow(what, publications * readers.count - carried.delivered));
  return rows;
}

function lostRow(what: string, figure: number): Row {
  return { what: `${what}: lost`, figure, unit: 'publications', target: { of: 'figure', atMost: 0 } };
}

async function asFastAsItGoes(
  broker: Mosquitto,
  publishers: Helper,
  count: number,
  ms: number,
): Promise<Row[]> {
  const { published, cpuSeconds } = await carry(broker, publishers, { count, qos: 1 }, `0 ${ms}`);
  const what = `as fast as ${GATEWAYS} connections go, ${count} readers`;
  const seconds = published.ms / 1000;
  return [
    { what, figure: published.publications / seconds, unit: 'publications/s' },
    { what: `${what}: broker`, figure: (cpuSeconds / seconds) * 100, unit: '% of a core' },
  ];
}

async function carry(
  broker: Mosquitto,
  publishers: Helper,
  { count, qos }: { readonly count: number; readonly qos: number },
  question: string,
): Promise<Carried> {
  const readers = count === 0 ? undefined : new Helper(SUBSCRIBERS, broker.url, String(count), String(qos));
  try {
    await readers?.ready(PATIENCE_MS);
    await pause(SETTLE_MS);
    const before = cpuSeconds(broker.pid);
    const published = await publishers.ask<Published>(question, PATIENCE_MS);
    const delivered = readers ? await countDelivered(readers, published.publications * count) : 0;
    return { published, delivered, cpuSeconds: cpuSeconds(broker.pid) - before };
  } finally {
    await readers?.stop();
  }
}

async function countDelivered(readers: Helper, wanted: number): Promise<number> {
  let received = 0;
  await becomes(LAST_MS, async () => {
    ({ received } = await readers.ask<Read>('count', PATIENCE_MS));
    return received >= wanted;
  });
  return received;
}

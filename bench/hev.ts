/**
 * The ventilator's payloads, from its serial line to clients of the data server: 50 DATA a second over a real
 * pseudo-terminal, with a client that does not read beside two that do. `HEV_BENCH_S=600`: for ten minutes.
 */
import { BroadcastClient } from '../test/support/hev-client.js';
import { startHev } from '../test/support/hev-gateway.js';
import { HevUc } from '../test/support/hev-uc.js';
import { median, share } from './support/numbers.js';
import { cpuSeconds, residentBytes } from './support/process-usage.js';
import type { Row, Scale } from './support/row.js';

const PERIOD_MS = 20;
const SECONDS: Readonly<Record<Scale, number>> = { short: 10, full: 60 };
/** Time stamps are microseconds in 32 bits. */
const STAMPS = 2 ** 32;
const LAST_MS = 2000;

export async function run(scale: Scale): Promise<Row[]> {
  const seconds = Number(process.env.HEV_BENCH_S ?? SECONDS[scale]);
  const uc = await HevUc.plugIn();
  const gateway = await startHev({ mode: 'strict', device: uc.path, battery: false });
  const reader = new Reader(await BroadcastClient.open(gateway.web));
  const second = new Reader(await BroadcastClient.open(gateway.native));
  const stubborn = await BroadcastClient.open(gateway.web);
  stubborn.socket.pause();
  try {
    const cpu = cpuSeconds(gateway.process.pid);
    const sent = await send(uc, seconds);
    await sleep(LAST_MS);
    const used = cpuSeconds(gateway.process.pid) - cpu;
    return [
      { what: `HEV: payloads sent in ${seconds} s`, figure: sent, unit: 'payloads' },
      {
        what: 'HEV: lost, for two clients together',
        figure: 2 * sent - reader.delays.length - second.delays.length,
        unit: 'payloads',
        target: { of: 'figure', atMost: 0 },
      },
      { what: 'HEV: delay, half of them', figure: median(reader.delays), unit: 'ms' },
      { what: 'HEV: delay, 99 % of them', figure: share(reader.delays, 0.99), unit: 'ms' },
      { what: 'HEV: processor of the gateway', figure: (used / seconds) * 100, unit: '%' },
      { what: 'HEV: memory', figure: residentBytes(gateway.process.pid) / 1e6, unit: 'MB' },
    ];
  } finally {
    stubborn.close();
    reader.client.close();
    second.client.close();
    await gateway.close();
    await uc.close();
  }
}

class Reader {
  readonly delays: number[] = [];
  readonly client: BroadcastClient;

  constructor(client: BroadcastClient) {
    this.client = client;
    client.socket.on('data', () => {
      for (const { type, DATA } of client.packets.splice(0)) if (type === 'DATA') this.#take(DATA);
    });
  }

  #take(data: unknown): void {
    const { timestamp } = data as { timestamp: number };
    this.delays.push(((stamp() - timestamp + STAMPS) % STAMPS) / 1000);
  }
}

/** By the clock, so that a late timer is made up for. Returns the number of payloads. */
async function send(uc: HevUc, seconds: number): Promise<number> {
  const begun = performance.now();
  let count = 0;
  while (count < (seconds * 1000) / PERIOD_MS) {
    await sleep(Math.max(0, begun + count * PERIOD_MS - performance.now()));
    void uc.send('DATA', { flow: count }, stamp());
    count++;
  }
  return count;
}

function stamp(): number {
  return Math.floor(performance.now() * 1000) % STAMPS;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

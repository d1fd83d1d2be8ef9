import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connect, type StreamEvent } from '../../src/client/index.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { type RunningGateway, startProcess } from '../support/process-fixture.js';

const MESH = ['--simulate', '--nodes', '10', '--http', 'off'];
const RATE = { MESHGATE_SIMULATION_RATE_HZ: '20' };

/** Reads a stream in the background. */
class Reader {
  readonly events: StreamEvent[] = [];
  readonly ended: Promise<void>;
  #check: () => void = () => {};

  constructor(stream: AsyncIterable<StreamEvent>) {
    this.ended = this.#read(stream);
  }

  /** Resolves after this many more events. */
  more(amount: number): Promise<void> {
    const wanted = this.events.length + amount;
    return new Promise((resolve) => {
      this.#check = () => {
        if (this.events.length >= wanted) resolve();
      };
      this.#check();
    });
  }

  async #read(stream: AsyncIterable<StreamEvent>): Promise<void> {
    for await (const event of stream) {
      this.events.push(event);
      this.#check();
    }
  }
}

/** Every number from the first to the last is delivered once or in one gap, in rising order. */
function accountForAll(t: ExecutionContext, events: readonly StreamEvent[]): void {
  let next: number | undefined;
  for (const event of events) {
    if (event.kind === 'snapshot') continue;
    const [from, to] = event.kind === 'gap' ? [event.from, event.to] : [event.seq, event.seq];
    if (next !== undefined && from !== next) t.fail(`${from} follows ${next - 1}`);
    next = (to ?? 0) + 1;
  }
  t.true(events.length > 0);
}

async function startOn(t: ExecutionContext, socket: string): Promise<RunningGateway> {
  const gateway = await startProcess([...MESH, '--socket', socket], RATE);
  t.teardown(() => gateway.stop('SIGKILL'));
  return gateway;
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a subscriber resumes across gateways that end by ${signal} and start again: every event is delivered or in a gap`, async (t) => {
    const folder = temporaryFolder();
    t.teardown(() => folder.remove());
    const socket = join(folder.path, 's');
    let gateway = await startOn(t, socket);
    const client = await connect({ socket });
    t.teardown(() => client.close());
    const reader = new Reader(client.subscribe({ snapshot: true }));
    await reader.more(300);
    for (let restart = 0; restart < 2; restart++) {
      await gateway.stop(signal);
      gateway = await startOn(t, socket);
      await reader.more(300);
    }
    client.close();
    await reader.ended;
    accountForAll(t, reader.events);
    const gaps = reader.events.filter(({ kind }) => kind === 'gap');
    t.is(gaps.length, 2);
    t.true(gaps.every((gap) => gap.kind === 'gap' && gap.where === 'gateway'));
    const snapshots = reader.events.filter(({ kind }) => kind === 'snapshot');
    t.is(snapshots.length, 3);
  });
}

test('calls made while the gateway is down are answered by the next one', async (t) => {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const socket = join(folder.path, 's');
  const gateway = await startOn(t, socket);
  let onLost: () => void = () => {};
  const lost = new Promise<void>((resolve) => {
    onLost = resolve;
  });
  const client = await connect({ socket, onConnectionChange: (isConnected) => !isConnected && onLost() });
  t.teardown(() => client.close());
  const { pid } = await client.status();
  await gateway.stop('SIGKILL');
  await lost;
  const status = client.status();
  const next = await startOn(t, socket);
  t.not(pid, next.pid);
  t.is((await status).pid, next.pid);
});

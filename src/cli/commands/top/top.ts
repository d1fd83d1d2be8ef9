import { MeshgateError } from '../../../base/errors.js';
import { ClientError, type DeviceInfo, type MeshgateClient, type NodeInfo } from '../../../client/index.js';
import type { CliCommand } from '../../cli-command.js';
import { gatewayCommand } from '../../gateway-command.js';
import { currentView, type GatewayScope } from '../../output.js';
import type { Result } from '../../results.js';
import { openScreen, type Screen } from '../../text/screen.js';
import { type GatewayFlags, withLastingClient } from '../../with-client.js';
import { abortWhenTerminated } from '../until-terminated.js';
import { nodeRows, renderTop } from './top-view.js';
import { TrafficMeter } from './traffic-meter.js';

const REFRESH_MS = 1000;
const DEFAULT_ROWS = 24;

const CTRL_C = '\x03';
/** How many lines a key scrolls. */
const MOVES: Readonly<Record<string, (page: number) => number>> = {
  '\x1b[A': () => -1,
  '\x1b[B': () => 1,
  k: () => -1,
  j: () => 1,
  '\x1b[5~': (page) => -page,
  '\x1b[6~': (page) => page,
  ' ': (page) => page,
};

export function addTopCommand(program: CliCommand): void {
  gatewayCommand(program, 'top', 'live full-screen view of nodes, devices and traffic; press q to quit', {
    'meshgate top': 'live view',
    'meshgate top --json': 'one object per second, for programs',
  }).action(async (flags: GatewayFlags) => {
    const ended = abortWhenTerminated();
    if (flags.json)
      await withLastingClient(flags, (client, scope) => printReadings(client, scope, ended.signal));
    else await showTop(flags, ended);
  });
}

/** State of the gateway at one moment. */
interface Reading {
  readonly status: Result<'status'>;
  readonly nodes: readonly NodeInfo[];
  readonly devices: readonly DeviceInfo[];
}

async function read(client: MeshgateClient, signal: AbortSignal): Promise<Reading> {
  const [status, { nodes }, { devices }] = await Promise.all([
    client.status({ signal }),
    client.nodes({}, { signal }),
    client.devices({ signal }),
  ]);
  return { status, nodes, devices };
}

/** For programs: one object per second. */
async function printReadings(
  client: MeshgateClient,
  scope: GatewayScope,
  signal: AbortSignal,
): Promise<void> {
  const meter = new TrafficMeter(Date.now());
  void follow(client, meter, signal);
  while (!signal.aborted) {
    const reading = await read(client, signal).catch(ignoreAbort(signal));
    const now = Date.now();
    const messagesPerSecond = Object.fromEntries(meter.rates(now));
    if (reading) {
      const { status, nodes, devices } = reading;
      scope.printJsonLine({ at: now, ...status, nodes, devices, messagesPerSecond });
    }
    await pause(signal);
  }
}

async function showTop(flags: GatewayFlags, ended: AbortController): Promise<void> {
  if (!process.stdout.isTTY) {
    throw new MeshgateError(
      'BAD_USAGE',
      'top needs a terminal',
      'for a pipe or a file: meshgate top --json, or meshgate watch',
    );
  }
  const { fleetChoice } = flags;
  if (fleetChoice && fleetChoice.gateway === undefined) {
    throw new MeshgateError(
      'BAD_USAGE',
      'top shows one gateway at a time',
      'choose one: --gateway ID; for all of them: meshgate --fleet URL monitor, or top --json',
    );
  }
  let top: Top | undefined;
  await withLastingClient(
    flags,
    async (client, { gateway }) => {
      top = new Top(await read(client, ended.signal), ended, gateway);
      try {
        await top.run(client);
      } finally {
        top.close();
      }
    },
    (isConnected) => top?.onConnectionChange(isConnected),
  );
}

/** The live screen: the last reading and the scroll position. */
class Top {
  readonly #ended: AbortController;
  readonly #gateway: string | undefined;
  readonly #meter = new TrafficMeter(Date.now());
  readonly #screen: Screen;
  #reading: Reading;
  #scroll = 0;
  #isConnected = true;

  constructor(first: Reading, ended: AbortController, gateway: string | undefined) {
    this.#reading = first;
    this.#ended = ended;
    this.#gateway = gateway;
    this.#screen = openScreen({ onKey: (key) => this.#onKey(key), onResize: () => this.#draw() });
    this.#draw();
  }

  async run(client: MeshgateClient): Promise<void> {
    const { signal } = this.#ended;
    void follow(client, this.#meter, signal);
    while (!signal.aborted) {
      const reading = await read(client, signal).catch(ignoreLoss(signal));
      if (reading) this.#reading = reading;
      this.#draw();
      await pause(signal);
    }
  }

  onConnectionChange(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#draw();
  }

  close(): void {
    this.#screen.close();
  }

  #onKey(key: string): void {
    if (key === 'q' || key === 'Q' || key === CTRL_C) this.#ended.abort();
    const move = MOVES[key];
    if (move) this.#moveBy(move(this.#page()));
  }

  #moveBy(lines: number): void {
    const last = Math.max(0, this.#rowCount() - this.#page());
    this.#scroll = Math.min(last, Math.max(0, this.#scroll + lines));
    this.#draw();
  }

  #page(): number {
    return nodeRows(this.#rowCount(), rowsNow());
  }

  #rowCount(): number {
    return this.#reading.nodes.length + this.#reading.devices.length;
  }

  #draw(): void {
    const view = currentView(this.#gateway);
    const rows = rowsNow();
    const picture = {
      ...this.#reading,
      rates: this.#meter.rates(view.now),
      recent: this.#meter.recent(rows),
      isConnected: this.#isConnected,
      scroll: this.#scroll,
    };
    this.#screen.draw(renderTop(picture, view, rows));
  }
}

/** Runs until the signal aborts or the gateway refuses. */
async function follow(client: MeshgateClient, meter: TrafficMeter, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of client.subscribe({ signal })) meter.add(event, Date.now());
  } catch {
    // The next reading fails for the same reason and reports it.
  }
}

/** Readings fail while the client reconnects; any other failure is final. */
function ignoreLoss(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    const isLost = error instanceof ClientError && TEMPORARY.has(error.code);
    if (!signal.aborted && !isLost) throw error;
    return undefined;
  };
}

const TEMPORARY: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'NOT_RUNNING']);

function rowsNow(): number {
  return process.stdout.rows || DEFAULT_ROWS;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, REFRESH_MS);
    signal.addEventListener('abort', () => [clearTimeout(timer), resolve()], { once: true });
  });
}

function ignoreAbort(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    if (!signal.aborted) throw error;
    return undefined;
  };
}

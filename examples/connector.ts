/**
 * A connector in 75 lines: sends all numeric values to Graphite (carbon's plaintext protocol on TCP port 2003). It needs
 * no queue: while Graphite is slow or down, events wait in the hub's ring, which is read after the last event sent.
 */
import { createConnection, type Socket } from 'node:net';
import { describeEvent } from '../src/api/describe.js';
import { section, text, whole } from '../src/config/fields.js';
import { type Connector, type ConnectorOptions, defineConnector } from '../src/connectors/connector.js';
import { FeedReader, lengthOfRange } from '../src/hub/feed-reader.js';
import type { HubEvent } from '../src/hub/hub.js';

/** To install: save as `src/connectors/graphite/index.ts` and add it to `src/connectors/load.ts`; its settings are `[graphite]`. */
export const graphite = defineConnector({
  name: 'graphite',
  settings: section({
    /** Default: off. */
    host: text('must be a host').optional(),
    port: whole(1, 65_535).default(2003),
  }),
  metrics: [
    { place: 'lines', name: 'graphite_lines_total', help: 'Lines sent to Graphite' },
    {
      place: 'eventsMissed',
      name: 'graphite_missed_events_total',
      help: 'Events lost before they were sent to Graphite',
    },
  ],
  create: async ({ host, port }, options) =>
    host === undefined ? undefined : new GraphiteConnector({ host, port }, options),
});

const TRY_AGAIN_MS = 5000;
const READ_AT_ONCE = 64;

class GraphiteConnector implements Connector {
  #socket: Socket | undefined;
  #isConnected = false;
  readonly #reader: FeedReader;
  #counts = { connections: 0, lines: 0, eventsMissed: 0 };
  #unsubscribe = () => {};
  #cancelTry = () => {};

  constructor(
    readonly settings: { readonly host: string; readonly port: number },
    readonly options: ConnectorOptions,
  ) {
    this.#reader = new FeedReader(options.hub.feed);
  }

  start(): void {
    this.#unsubscribe = this.options.hub.feed.subscribe(() => this.#sendPending());
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#cancelTry();
    this.#socket?.removeAllListeners('close').destroy();
  }

  counters = () => ({ ...this.#counts, connected: this.#isConnected ? 1 : 0 });

  #connect(): void {
    const { clock, log } = this.options;
    this.#socket = createConnection(this.settings, () => {
      this.#isConnected = true;
      this.#counts.connections++;
      this.#sendPending();
    });
    this.#socket.on('drain', () => this.#sendPending());
    this.#socket.on('error', (error) => log.warn('graphite', `graphite: ${error.message}`));
    this.#socket.on('close', () => {
      this.#isConnected = false;
      this.#cancelTry = clock.after(TRY_AGAIN_MS, () => this.#connect());
    });
  }

  #sendPending(): void {
    while (this.#isConnected && this.#socket?.writableNeedDrain === false) {
      const { events, gap } = this.#reader.read(READ_AT_ONCE);
      if (events.length === 0 && !gap) return;
      this.#counts.eventsMissed += gap ? lengthOfRange(gap) : 0;
      const lines = events.flatMap(linesOf);
      this.#counts.lines += lines.length;
      this.#socket.write(lines.join(''));
    }
  }
}

/** One line per numeric field: `mesh.5.Temperature.temperature 15.2 1795234501`. */
function linesOf(event: HubEvent): string[] {
  const described = describeEvent(event);
  if (described.kind !== 'value') return [];
  const { node, type, fields, receivedAt } = described.value;
  const numbers = Object.entries(fields).filter(([, { value }]) => typeof value === 'number');
  const name = (field: string) => `mesh.${node}.${type}.${field}`.replace(/[^\w.-]/g, '_');
  return numbers.map(([field, { value }]) => `${name(field)} ${value} ${Math.floor(receivedAt / 1000)}\n`);
}

/** A client of the session as any program might write one: lines in, lines out. None of the gateway's own code is used. */
import type { Socket } from 'node:net';
import { connectTo, type Where } from './classic-client.js';
import { Waiters } from './waiters.js';

export interface Line {
  readonly jsonrpc?: string;
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: { readonly code: string };
  };
  readonly params?: Record<string, unknown>;
}

interface GatewayEvent {
  readonly at: number;
  readonly kind: string;
  readonly change?: string;
  readonly status?: string | null;
  readonly value?: { readonly node: number; readonly type: string };
}

export class LineClient {
  readonly socket: Socket;
  /** What was received, parsed, oldest first; a batch's reply is an array. */
  readonly lines: (Line & Line[])[] = [];
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  #rest = '';
  readonly #waiters = new Waiters(() => JSON.stringify(this.lines.slice(-3)).slice(0, 2000));

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#onText(text));
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        resolve();
        this.#waiters.end();
      }),
    );
  }

  static async open(where: Where): Promise<LineClient> {
    return new LineClient(await connectTo(where));
  }

  /** Writes one JSON text and its line end. */
  say(...messages: readonly unknown[]): void {
    this.socket.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  }

  /** The reply with this id. */
  async reply(id: unknown): Promise<Line> {
    return this.until(() => this.lines.find((line) => 'id' in line && line.id === id && !line.method));
  }

  /** Sends a request and returns its reply. */
  async ask(method: string, params?: object, id: unknown = `${method} ${this.lines.length}`): Promise<Line> {
    this.say({ jsonrpc: '2.0', id, method, params });
    return this.reply(id);
  }

  /** The line with this index. */
  line(index: number): Promise<Line & Line[]> {
    return this.until(() => this.lines[index]);
  }

  /** Resolves with the result of `find`; rejects when the connection ends first or it finds nothing in time. */
  until<Found>(find: () => Found | undefined | false): Promise<NonNullable<Found>> {
    return this.#waiters.until(find);
  }

  close(): void {
    this.socket.destroy();
  }

  #onText(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.lines.push(JSON.parse(line));
    this.#waiters.look();
  }
}

/** Resolves when the gateway has sent an event of that kind that matches; one that it still holds counts. */
export async function untilEvent(
  where: Where,
  kind: string,
  fits: (event: GatewayEvent) => boolean,
): Promise<void> {
  const client = await LineClient.open(where);
  client.say({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: { kinds: [kind], since: 0 } });
  await client.until(() =>
    client.lines.some(({ params }) => {
      const { event } = (params ?? {}) as { event?: GatewayEvent };
      return event !== undefined && fits(event);
    }),
  );
  client.close();
}

/** Some node has been heard. */
export function untilSomeNodeIsActive(where: Where): Promise<void> {
  return untilEvent(where, 'node', ({ status }) => status === 'active');
}

/** Each of these has sent its position. */
export async function untilReported(where: Where, nodes: readonly number[]): Promise<void> {
  for (const node of nodes) {
    await untilEvent(where, 'value', ({ value }) => value?.node === node && value.type === 'GPS');
  }
}

/** A client of the session as any program might write one: lines in, lines out. Nothing of the gateway's own is used. */
import type { Socket } from 'node:net';
import { connectTo, type Where } from './classic-client.js';

const PATIENCE_MS = 10_000;

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

export class LineClient {
  readonly socket: Socket;
  /** What came, parsed, oldest first; a batch's reply is an array. */
  readonly lines: (Line & Line[])[] = [];
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  #rest = '';
  #isClosed = false;
  readonly #checks = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#onText(text));
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.#isClosed = true;
        resolve();
        this.#look();
      }),
    );
  }

  static async open(where: Where): Promise<LineClient> {
    return new LineClient(await connectTo(where));
  }

  /** One JSON text and its end. */
  say(...messages: readonly unknown[]): void {
    this.socket.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  }

  /** The reply with this id. */
  async reply(id: unknown): Promise<Line> {
    return this.until(() => this.lines.find((line) => 'id' in line && line.id === id && !line.method));
  }

  /** Sends a request and gives its reply. */
  async ask(method: string, params?: object, id: unknown = `${method} ${this.lines.length}`): Promise<Line> {
    this.say({ jsonrpc: '2.0', id, method, params });
    return this.reply(id);
  }

  /** The line with this index. */
  line(index: number): Promise<Line & Line[]> {
    return this.until(() => this.lines[index]);
  }

  /** Resolves with what `find` finds; rejects when the connection ends first or nothing comes of it. */
  until<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = find();
        if (found === undefined && !this.#isClosed) return;
        clearTimeout(timer);
        this.#checks.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`closed first, after ${JSON.stringify(this.lines.slice(-3))}`));
      };
      const timer = setTimeout(() => {
        this.#checks.delete(check);
        reject(new Error(`nothing came; so far ${JSON.stringify(this.lines.slice(-3)).slice(0, 2000)}`));
      }, PATIENCE_MS);
      this.#checks.add(check);
      check();
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #onText(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.lines.push(JSON.parse(line));
    this.#look();
  }

  #look(): void {
    for (const check of [...this.#checks]) check();
  }
}

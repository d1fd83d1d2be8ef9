/** A pipelined session: requests on one connection, many of them under way. The floor answers each line with {}. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { openPty } from '../test/support/pty.js';
import { byTurns } from './support/numbers.js';
import { inFolder, startFloor, startGateway } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const MIN_PER_S = 60_000;
/** Requests in one write; as many are sent again when their replies are there. */
const AT_ONCE = 500;
const LINE_FEED = 0x0a;
/** Node 5 says that it is there: Sequence, and GPS. */
const UPDATE = Buffer.from('ff00054402000701010203040506fe', 'hex');

const REQUESTS: Readonly<Record<string, object>> = {
  paths: {},
  node: { node: 5 },
};

export async function run(scale: Scale): Promise<Row[]> {
  return inFolder(async (folder) => {
    const pty = await openPty();
    const gateway = await startGateway(folder, ['--port', pty.path]);
    const floor = await startFloor(folder, 'echo-lines');
    try {
      await pty.write(UPDATE);
      const ours = await Client.open(gateway.socket);
      const theirs = await Client.open(floor.socket);
      const [rounds, count] = scale === 'short' ? [3, 5000] : [9, 30_000];
      const rows: Row[] = [];
      for (const [method, params] of Object.entries(REQUESTS)) {
        const bytes = requests(method, params);
        await ours.rate(bytes, count);
        await theirs.rate(bytes, count);
        const measured = await byTurns(
          rounds,
          () => ours.rate(bytes, count),
          () => theirs.rate(bytes, count),
        );
        const target = { of: 'figure', atLeast: MIN_PER_S } as const;
        rows.push({ what: `${method}, ${AT_ONCE} under way`, ...measured, unit: 'requests/s', target });
      }
      ours.close();
      theirs.close();
      return rows;
    } finally {
      await gateway.stop();
      await floor.stop();
      await pty.close();
    }
  });
}

function requests(method: string, params: object): Buffer {
  const lines = Array.from({ length: AT_ONCE }, (_, id) =>
    JSON.stringify({ jsonrpc: '2.0', id, method, params }),
  );
  return Buffer.from(`${lines.join('\n')}\n`);
}

class Client {
  readonly #socket: Socket;
  #replies = 0;
  #awaited = 0;
  #onAll: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#count(chunk));
  }

  static async open(path: string): Promise<Client> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new Client(socket);
  }

  /** Replies a second. */
  async rate(bytes: Buffer, count: number): Promise<number> {
    const begun = performance.now();
    for (let sent = 0; sent < count; sent += AT_ONCE) {
      this.#awaited += AT_ONCE;
      this.#socket.write(bytes);
      await new Promise<void>((resolve) => {
        this.#onAll = resolve;
      });
    }
    return (count / (performance.now() - begun)) * 1000;
  }

  close(): void {
    this.#socket.destroy();
  }

  #count(chunk: Buffer): void {
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) this.#replies++;
    if (this.#replies === this.#awaited) this.#onAll();
  }
}

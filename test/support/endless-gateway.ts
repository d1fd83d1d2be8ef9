import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';

const VALUES_A_PAGE = 2000;

export interface EndlessGateway {
  readonly path: string;
  /** Pages that each client has requested, in order of arrival. */
  readonly asked: readonly number[];
}

/** Answers like a gateway with a long history. `stuckAt`: the page that it never returns. */
export async function endlessGateway(
  t: ExecutionContext,
  path: string,
  { pages = 20, stuckAt = 0 } = {},
): Promise<EndlessGateway> {
  const asked: number[] = [];
  const sockets: Socket[] = [];
  const value = { node: 5, name: 'Node-5', type: 'X', id: 1, bytes: '00', fields: {} };
  const values = Array.from({ length: VALUES_A_PAGE }, () => ({ ...value, receivedAt: 0, deviceTime: null }));
  const server = createServer((socket) => {
    const client = asked.push(0) - 1;
    sockets.push(socket);
    socket.on('error', () => {});
    const reply = (id: number, result: object) =>
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
    createInterface({ input: socket }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      if (method === 'dataTypes') return reply(id, { types: [] });
      const page = (asked[client] ?? 0) + 1;
      asked[client] = page;
      const next = page < pages ? `5.1.0.${page}` : null;
      return page !== stuckAt && reply(id, { values, next, progress: page / pages });
    });
  });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { path, asked };
}

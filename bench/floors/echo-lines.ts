/** Reads JSON lines and answers each with an empty result: the minimum that a JSON-RPC session could do. */
import { createServer } from 'node:net';

const server = createServer((socket) => {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    let replies = '';
    for (const line of lines) {
      const { id } = JSON.parse(line) as { id: number };
      replies += `${JSON.stringify({ jsonrpc: '2.0', id, result: {} })}\n`;
    }
    if (replies !== '') socket.write(replies);
  });
  socket.on('error', () => {});
});
server.listen({ path: process.argv[2] ?? '' }, () => process.stdout.write('ready\n'));

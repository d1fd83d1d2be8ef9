/** Answers one byte to whatever comes first on a connection, and closes it. */
import { createServer } from 'node:net';

const server = createServer((socket) => {
  socket.once('data', () => socket.end('S'));
  socket.on('error', () => {});
});
server.listen({ path: process.argv[2] ?? '', backlog: 511 }, () => process.stdout.write('ready\n'));

/** Copies the bytes of a terminal to all connected clients: the minimum that a gateway could do. */
import { constants, openSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { ReadStream } from 'node:tty';

const [, , path = '', terminal = ''] = process.argv;
const clients = new Set<Socket>();

const server = createServer((socket) => {
  clients.add(socket);
  socket.on('close', () => clients.delete(socket)).on('error', () => {});
  socket.once('data', () => socket.write('[ack]\0'));
});
server.listen({ path, backlog: 511 }, () => {
  if (terminal !== '') {
    const input = new ReadStream(openSync(terminal, constants.O_RDWR | constants.O_NOCTTY));
    input.on('data', (chunk) => {
      for (const client of clients) client.write(chunk);
    });
  }
  process.stdout.write('ready\n');
});

/**
 * The client library over a websocket with a token: for a gateway on another machine.
 *
 *     node examples/websocket-client.mjs [URL] [TOKEN]
 *
 * Needs the package ws. The gateway must be running: npx meshgate start --simulate
 */
import { ClientError, connect } from 'meshgate';
import { WebSocket } from 'ws';

const [url = 'ws://127.0.0.1:7654/rpc', token] = process.argv.slice(2);

/** How the library reaches the gateway; it calls `open` again after a lost connection. */
const transport = {
  name: url,
  open: (handlers) =>
    new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const socket = new WebSocket(url, { headers, handshakeTimeout: 5000 });
      socket.on('open', () => {
        socket.on('close', () => handlers.onClosed());
        resolve({ write: (line) => socket.send(line), close: () => socket.terminate() });
      });
      socket.on('message', (data) => handlers.onLine(data.toString()));
      socket.on('error', ({ message }) => {
        reject(new ClientError(message.endsWith('401') ? 'NO_PERMISSION' : 'NOT_RUNNING', url));
      });
    }),
};

const client = await connect({ transport });
const { version, nodes } = await client.status();
console.log(`meshgate ${version} has ${nodes.total} nodes`);
client.close();

/** Closing a listening socket resets the connections that the kernel has queued on it: they are accepted first. */
import type { Server, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Each turn of the event loop accepts one connection, and a turn of a busy gateway takes a few ms. */
const LIMIT_MS = 1000;

/**
 * Accepts connections until a complete turn of the event loop has found none in the queue, and holds them: clients that
 * got a reply might connect again. The caller must then close the server at once, and call the returned function, which
 * passes the held connections to the server's listeners.
 */
export async function acceptQueued(server: Server, limitMs: number = LIMIT_MS): Promise<() => void> {
  if (!server.listening) return () => {};
  const held: Socket[] = [];
  const admit = divertConnections(server, (socket) => held.push(socket.on('error', () => {})));
  const deadline = performance.now() + limitMs;
  // The current turn may be past its polling.
  await nextTurn();
  for (let before = -1; held.length !== before && performance.now() < deadline; await nextTurn())
    before = held.length;
  return () => {
    for (const socket of held) if (!socket.destroyed) admit(socket);
  };
}

/** Returns a function that passes a connection to the listeners that the server had. */
function divertConnections(server: Server, take: (socket: Socket) => void): (socket: Socket) => void {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection').on('connection', take);
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

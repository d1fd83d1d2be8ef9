import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ephemeral range, so that the system assigns none that was found here. */
const LOWEST = 20_000;
const AMOUNT = 12_000;

/** A port of 127.0.0.1 that nothing uses. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * AMOUNT);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

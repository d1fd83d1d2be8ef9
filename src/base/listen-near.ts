import type { AddressInfo, Server } from 'node:net';
import { systemErrorCode } from './errors.js';

/** Number of ports to try if no particular one is required. */
const MAX_TRIES = 10;

/**
 * Listens on `port`, or on the next free one if it is taken and not required. `listen` resolves with the port and rejects
 * with the system's error; so does this function, with the error of the first port if none is free.
 */
export async function listenNear(
  { port: first, isRequired }: { readonly port: number; readonly isRequired: boolean },
  listen: (port: number) => Promise<number>,
): Promise<number> {
  const failures: unknown[] = [];
  for (let port = first; port < first + (isRequired ? 1 : MAX_TRIES); port++) {
    try {
      return await listen(port);
    } catch (error) {
      failures.push(error);
      if (systemErrorCode(error) !== 'EADDRINUSE') break;
    }
  }
  throw failures[0];
}

/** Resolves with the port; for port 0 the system chooses one. Rejects with the system's error and can then be retried. */
export function listenOn(
  server: Server,
  where: { readonly host: string; readonly port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onListening = () => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    };
    const onError = (error: Error) => {
      server.off('listening', onListening);
      reject(error);
    };
    server.once('listening', onListening).once('error', onError).listen(where);
  });
}

import type { AddressInfo, Server } from 'node:net';
import { systemErrorCode } from './errors.js';

/** Ports that are tried one after another where none was asked for. */
const TRIES = 10;

/**
 * Listens on `first`, or where that is taken and `isRequired` is false on the next port that is free. `listen` resolves
 * with the port and rejects with the system's error; so does this, with that of `first` where none of them is free.
 */
export async function listenNear(
  { port: first, isRequired }: { readonly port: number; readonly isRequired: boolean },
  listen: (port: number) => Promise<number>,
): Promise<number> {
  const failures: unknown[] = [];
  for (let port = first; port < first + (isRequired ? 1 : TRIES); port++) {
    try {
      return await listen(port);
    } catch (error) {
      failures.push(error);
      if (systemErrorCode(error) !== 'EADDRINUSE') break;
    }
  }
  throw failures[0];
}

/** Resolves with the port, which the system chooses for port 0. Rejects with the system's error; it may be tried again. */
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

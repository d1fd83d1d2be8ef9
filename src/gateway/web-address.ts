import { MeshgateError } from '../base/errors.js';
import { listenNear } from '../base/listen-near.js';
import type { Log } from '../base/log.js';
import { namingFailures } from '../socket/socket-failures.js';
import type { WebServer } from '../socket/web/web-server.js';

/** The address of the dashboard. */
export interface WebAddress {
  readonly host: string;
  readonly port: number;
  /** False for the default port: if it is taken, the next free one is used. */
  readonly isRequired: boolean;
}

/**
 * Serves the dashboard at this address, or on a port close to it. Resolves with its URL; undefined if the port is not
 * required and none is free. Rejects with `ADDRESS_IN_USE`, `NO_PERMISSION` or `SOCKET_FAILED`.
 */
export async function serveWeb(server: WebServer, web: WebAddress, log: Log): Promise<string | undefined> {
  const host = web.host.includes(':') ? `[${web.host}]` : web.host;
  const where = `${host}:${web.port}`;
  try {
    const port = await namingFailures(where, () => listenNear(web, (next) => server.listen(next)));
    if (web.port !== 0 && port !== web.port)
      log.info(`${where} is in use, so the dashboard is on port ${port}; use --http PORT to choose another`);
    return `http://${host}:${port}/`;
  } catch (error) {
    if (web.isRequired || !(error instanceof MeshgateError) || error.code !== 'ADDRESS_IN_USE') throw error;
    log.info(
      `${where} and the ports after it are in use, so there is no dashboard; use --http PORT to choose another`,
    );
    return undefined;
  }
}

import { MeshgateError } from '../base/errors.js';
import { listenNear } from '../base/listen-near.js';
import type { Log } from '../base/log.js';
import { namingFailures } from '../socket/socket-failures.js';
import type { WebServer } from '../socket/web/web-server.js';

/** Where the dashboard is to be served. */
export interface WebAddress {
  readonly host: string;
  readonly port: number;
  /** False: nobody has asked for this port; where it is taken, the next one that is free is used. */
  readonly isRequired: boolean;
}

/**
 * Serves the dashboard there, or on a port close to it. Resolves with its URL; undefined where nobody has asked for it
 * and no port is free. Rejects with `ADDRESS_IN_USE`, `NO_PERMISSION` or `SOCKET_FAILED`.
 */
export async function serveWeb(server: WebServer, web: WebAddress, log: Log): Promise<string | undefined> {
  const host = web.host.includes(':') ? `[${web.host}]` : web.host;
  const where = `${host}:${web.port}`;
  try {
    const port = await namingFailures(where, () => listenNear(web, (next) => server.listen(next)));
    if (web.port !== 0 && port !== web.port)
      log.info(`${where} is taken, so the dashboard is on port ${port}; --http PORT gives it another`);
    return `http://${host}:${port}/`;
  } catch (error) {
    if (web.isRequired || !(error instanceof MeshgateError) || error.code !== 'ADDRESS_IN_USE') throw error;
    log.info(`${where} and the ports after it are taken, so there is no dashboard; use --http PORT`);
    return undefined;
  }
}

/**
 * HTTP endpoints for monitoring: `/healthz` and `/readyz` are open to everyone, and answer a word and a reason;
 * `/metrics` needs the role read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ByteBudget } from '../../api/byte-budget.js';
import { healthText } from '../../api/describe.js';
import { errorStack } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Role } from '../../config/role.js';
import type { Hub } from '../../hub/hub.js';
import type { Metrics } from './metrics/metrics.js';
import { type AccessSettings, roleOfHeader, roleWithoutToken } from './web-access.js';

export interface ProbeOptions {
  readonly hub: Hub;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings: AccessSettings;
  /** Shared by clients of all sockets. */
  readonly shared: { readonly unread: ByteBudget };
}

const TEXT = 'text/plain; charset=utf-8';

export class Probes {
  readonly #options: ProbeOptions;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** False for any other path. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    if (path === '/healthz') answer(response, 200, 'ok\n');
    else if (path === '/readyz') this.#serveReady(response);
    else if (path === '/metrics') this.#serveMetrics(request, response);
    else return false;
    return true;
  }

  #serveReady(response: ServerResponse): void {
    const reason = this.#options.hub.health().ready;
    if (reason === undefined) answer(response, 200, 'ready\n');
    else answer(response, 503, `not ready: ${reason}: ${healthText(reason)}\n`);
  }

  #serveMetrics(request: IncomingMessage, response: ServerResponse): void {
    const { settings, metrics, log } = this.#options;
    const role = roleOfHeader(request, settings) ?? roleWithoutToken(settings);
    if (!role) {
      response.setHeader('www-authenticate', 'Bearer');
      answer(response, 401, 'authentication required: send the header Authorization: Bearer TOKEN\n');
      return;
    }
    metrics.read().then(
      ({ bytes, contentType }) => this.#answerBounded(response, role, bytes, contentType),
      (error: unknown) => {
        log.error('internal error', `/metrics: ${errorStack(error)}`);
        answer(response, 500, 'internal error\n');
      },
    );
  }

  /** A long answer counts as unread data of its role until the client has read it. */
  #answerBounded(response: ServerResponse, role: Role, bytes: Buffer, contentType: string): void {
    if (response.destroyed) return;
    const share = this.#options.shared.unread.open(
      role,
      () => response.writableLength,
      () => response.destroy(),
    );
    response.once('close', () => share.close());
    answer(response, 200, bytes, contentType);
    share.update();
  }
}

function answer(response: ServerResponse, status: number, body: string | Buffer, contentType = TEXT): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

/**
 * HTTP endpoints for monitoring: `/healthz` and `/readyz` are open to everyone, and answer a word and a reason;
 * `/metrics` needs the role read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { healthText } from '../../api/describe.js';
import { errorStack } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Hub } from '../../hub/hub.js';
import type { Metrics } from './metrics/metrics.js';
import { type AccessSettings, roleOfHeader, roleWithoutToken } from './web-access.js';

export interface ProbeOptions {
  readonly hub: Hub;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings: AccessSettings;
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
    if (!(roleOfHeader(request, settings) ?? roleWithoutToken(settings))) {
      response.setHeader('www-authenticate', 'Bearer');
      answer(response, 401, 'authentication required: send the header Authorization: Bearer TOKEN\n');
      return;
    }
    metrics.read().then(
      ({ text, contentType }) => answer(response, 200, text, contentType),
      (error: unknown) => {
        log.error('internal error', `/metrics: ${errorStack(error)}`);
        answer(response, 500, 'internal error\n');
      },
    );
  }
}

function answer(response: ServerResponse, status: number, text: string, contentType = TEXT): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(text);
}

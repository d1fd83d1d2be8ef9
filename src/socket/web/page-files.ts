import { existsSync, type ReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import sirv from 'sirv';
import { errorText } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

/** `sirv` gives these without their character set. */
const TEXT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/**
 * The files of the dashboard: `x.gz` beside `x` is what browsers get. Which there are is read once, when it is made.
 *
 * Without `ETag`: `sirv` makes it of size and time, and packages are unpacked with the same time in every version.
 */
export class PageFiles {
  readonly #log: Log;
  readonly #serve: ReturnType<typeof sirv> | undefined;

  /** The directory may be missing: nothing is found then. */
  constructor(directory: string, log: Log) {
    this.#log = log;
    if (existsSync(directory)) this.#serve = sirv(directory, { gzip: true, extensions: [], setHeaders });
  }

  /** Answers a GET or HEAD for `path`; false when there is no such file. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#serve || path.endsWith('.gz') || (path !== '/' && path.endsWith('/'))) return false;
    request.url = path === '/' ? '/index.html' : path;
    // A range that is not one would be an exception there.
    delete request.headers.range;
    response.once('pipe', (file: ReadStream) => this.#watch(file, response));
    let isFound = true;
    this.#serve(request, response, () => {
      isFound = false;
    });
    return isFound;
  }

  /** A file that has gone or changed since the start ends this answer, and nothing else; `sirv` does not look. */
  #watch(file: ReadStream, response: ServerResponse): void {
    const expected = Number(response.getHeader('content-length'));
    const fail = (why: string) => {
      this.#log.warn(
        'page',
        `the dashboard's files can't be read: ${why}; restart the gateway after an update`,
      );
      response.destroy();
    };
    file.on('error', (error) => fail(errorText(error)));
    file.prependListener('end', () => {
      if (file.bytesRead !== expected) fail('they have changed since it was started');
    });
    response.once('close', () => file.destroy());
  }
}

function setHeaders(response: ServerResponse, path: string): void {
  const type = TEXT_TYPES[extname(path)];
  if (type !== undefined) response.setHeader('content-type', type);
  const isNamedByContent = path.startsWith('/assets/');
  response.setHeader('cache-control', isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache');
}

import { existsSync, type ReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { errorText } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** `sirv` gives these without their character set. */
const TEXT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/**
 * The files of the dashboard: `x.gz` beside `x` is what browsers get. The list of them is read once, with the first
 * request: neither that nor `sirv` takes time when the gateway starts.
 *
 * Without `ETag`: `sirv` makes it of size and time, and packages are unpacked with the same time in every version.
 */
export class PageFiles {
  readonly #log: Log;
  readonly #directory: string;
  #handler: Promise<Handler | undefined> | undefined;

  /** The directory may be missing: nothing is found then. */
  constructor(directory: string, log: Log) {
    this.#log = log;
    this.#directory = directory;
  }

  /** Answers a GET or HEAD for `path`; false when there is no such file. */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (path.endsWith('.gz') || (path !== '/' && path.endsWith('/'))) return false;
    this.#handler ??= loadHandler(this.#directory);
    const handle = await this.#handler;
    if (!handle) return false;
    if (response.destroyed) return true;
    request.url = path === '/' ? '/index.html' : path;
    // A range that is not one would be an exception there.
    delete request.headers.range;
    response.once('pipe', (file: ReadStream) => this.#watch(file, response));
    let isFound = true;
    handle(request, response, () => {
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

async function loadHandler(directory: string): Promise<Handler | undefined> {
  if (!existsSync(directory)) return undefined;
  const { default: sirv } = await import('sirv');
  return sirv(directory, { gzip: true, extensions: [], setHeaders });
}

function setHeaders(response: ServerResponse, path: string): void {
  const type = TEXT_TYPES[extname(path)];
  if (type !== undefined) response.setHeader('content-type', type);
  const isNamedByContent = path.startsWith('/assets/');
  response.setHeader('cache-control', isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache');
}

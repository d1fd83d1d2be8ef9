import { existsSync, type ReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { errorText } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** `sirv` omits the character set of these. */
const TEXT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/**
 * The files of the dashboard: browsers get `x.gz` instead of `x`. `sirv` and the list of files are loaded with the first
 * request, so that they do not slow down the start.
 *
 * No `ETag`: `sirv` derives it from size and time, and packages are unpacked with the same time in every version.
 */
export class PageFiles {
  readonly #log: Log;
  readonly #directory: string;
  #handler: Promise<Handler | undefined> | undefined;

  /** The directory may be missing: then no file is found. */
  constructor(directory: string, log: Log) {
    this.#log = log;
    this.#directory = directory;
  }

  /** Answers a GET or HEAD for `path`; false if the file does not exist. */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (path.endsWith('.gz') || (path !== '/' && path.endsWith('/'))) return false;
    this.#handler ??= loadHandler(this.#directory);
    const handle = await this.#handler;
    if (!handle) return false;
    if (response.destroyed) return true;
    request.url = path === '/' ? '/index.html' : path;
    // sirv throws on an invalid range.
    delete request.headers.range;
    response.once('pipe', (file: ReadStream) => this.#watch(file, response));
    let isFound = true;
    handle(request, response, () => {
      isFound = false;
    });
    return isFound;
  }

  /** Aborts the answer if the file was removed or changed since the start, which `sirv` does not check. */
  #watch(file: ReadStream, response: ServerResponse): void {
    const expected = Number(response.getHeader('content-length'));
    const fail = (why: string) => {
      this.#log.warn('page', `can't read the dashboard's files: ${why}; restart the gateway after an update`);
      response.destroy();
    };
    file.on('error', (error) => fail(errorText(error)));
    file.prependListener('end', () => {
      if (file.bytesRead !== expected) fail('changed since the gateway was started');
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

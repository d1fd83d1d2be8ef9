import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';

interface StaticFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** The files of the dashboard: few and small, so they are held in memory; `x.gz` beside `x` is what browsers get. */
export class StaticFiles {
  readonly #directory: string;
  #files: Map<string, StaticFile> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Answers a GET or HEAD for `path`; false when there is no such file. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#load().get(path === '/' ? '/index.html' : path);
    if (!file) return false;
    const acceptsGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    const body = (acceptsGzip && file.gzipped) || file.bytes;
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': body.length,
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(body === file.gzipped && { 'content-encoding': 'gzip' }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }

  #load(): Map<string, StaticFile> {
    this.#files ??= new Map(existsSync(this.#directory) ? listFiles(this.#directory, '/') : []);
    return this.#files;
  }
}

function listFiles(directory: string, prefix: string): [string, StaticFile][] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return listFiles(path, `${prefix}${entry.name}/`);
    const type = TYPES[extname(entry.name)];
    if (type === undefined) return [];
    const gzipped = existsSync(`${path}.gz`) ? readFileSync(`${path}.gz`) : undefined;
    return [[prefix + entry.name, { type, bytes: readFileSync(path), gzipped }] as [string, StaticFile]];
  });
}

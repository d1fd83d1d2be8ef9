/** Logs each refused origin and host name once, with the setting that would allow it. */
import type { IncomingMessage } from 'node:http';
import { cleanText } from '../../base/clean-text.js';
import type { Log } from '../../base/log.js';
import { readOrigin } from '../../base/origin.js';

/** Limit of logged names: a page could use a new name for each request. */
const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 200;

export class RefusalLog {
  readonly #log: Log;
  readonly #seen = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  onForeignOrigin({ headers: { origin = '' }, url = '/' }: IncomingMessage): void {
    const path = url.split('?')[0] ?? '/';
    const text = (shown: string) => `refused a page from the origin ${shown} at ${shorten(path)}`;
    this.#logOnce(origin, text, origin);
  }

  onForeignHost({ headers: { host = '' } }: IncomingMessage): void {
    const text = (shown: string) => `refused a request to the host name ${shown}`;
    this.#logOnce(`host ${host}`, text, `http://${host}`);
  }

  /** The settings have changed: log again what is still refused. */
  reset(): void {
    this.#seen.clear();
  }

  #logOnce(key: string, text: (shown: string) => string, origin: string): void {
    const name = shorten(key);
    if (this.#seen.has(name) || this.#seen.size > MAX_NAMES) return;
    this.#seen.add(name);
    if (this.#seen.size > MAX_NAMES) this.#log.info('further refused origins and host names are not logged');
    else this.#log.info(text(shorten(key.replace(/^host /, ''))) + advice(origin));
  }
}

function advice(origin: string): string {
  if (readOrigin(origin) === undefined) return '';
  return `; to allow it: http.origins = [${JSON.stringify(origin)}], or MESHGATE_HTTP_ORIGINS=${origin}`;
}

function shorten(text: string): string {
  return cleanText(text.slice(0, MAX_NAME_LENGTH)) || '(none)';
}

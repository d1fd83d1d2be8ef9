/** Says once for each foreign page, and each foreign host name, that it was refused, and which setting would allow it. */
import type { IncomingMessage } from 'node:http';
import { cleanText } from '../../base/clean-text.js';
import type { Log } from '../../base/log.js';
import { readOrigin } from '../../base/origin.js';

/** A page in a loop could use a new name each time. */
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
    const text = (shown: string) => `a page from the origin ${shown} was refused at ${shorten(path)}`;
    this.#say(origin, text, origin);
  }

  onForeignHost({ headers: { host = '' } }: IncomingMessage): void {
    const text = (shown: string) => `a request to the host name ${shown} was refused`;
    this.#say(`host ${host}`, text, `http://${host}`);
  }

  /** The settings have changed: what is still refused is said again. */
  reset(): void {
    this.#seen.clear();
  }

  #say(key: string, text: (shown: string) => string, origin: string): void {
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
  return cleanText(text.slice(0, MAX_NAME_LENGTH)) || 'without a name';
}

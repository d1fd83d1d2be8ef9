/**
 * Who may use the web side. A browser lets any page on the internet open a websocket to this machine, so a page must
 * come from the gateway itself or from an origin that the settings name; and the name that it used for the gateway must
 * be this machine's, since a foreign name can be made to point here. Where nothing can be commanded, pages that this
 * machine serves may come too: existing dashboards are such.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostNameOf } from '../../base/origin.js';
import type { Role } from '../../config/role.js';

export interface AccessSettings {
  /** Origins beside the gateway's own, such as `http://localhost:3000`; `null` is that of a page from a file. */
  readonly origins: readonly string[];
  /** Whoever shows it may do everything. */
  readonly token?: string | undefined;
  /** Whoever shows it may read. */
  readonly readToken?: string | undefined;
  /** The role of a client without a token, where none is demanded. */
  readonly readOnly: boolean;
  /** Bound to an address that other machines reach. */
  readonly isPublic: boolean;
}

/** What a browser may call the gateway. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Where a page of this machine may come from; names as `URL` writes them. */
const LOOPBACK_PAGE = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** True where a token is demanded. */
export function demandsToken({ token, readToken, isPublic }: AccessSettings): boolean {
  return isPublic || token !== undefined || readToken !== undefined;
}

/** True for this machine's own names; a public gateway is reached by names that it can't know. */
export function isTrustedHost(host: string | undefined, { isPublic, origins }: AccessSettings): boolean {
  if (isPublic) return true;
  const name = hostNameOf(`http://${host ?? ''}`);
  if (name === undefined) return false;
  return LOOPBACK_NAMES.has(name) || origins.some((origin) => hostNameOf(origin) === name);
}

/**
 * True for programs, which send no origin, for the gateway's own page, and for origins that the settings name; where
 * `allowsLoopback`, also for pages of this machine, from any port.
 */
export function isTrustedOrigin(
  { headers }: IncomingMessage,
  settings: AccessSettings,
  { allowsLoopback = false } = {},
): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  if (settings.origins.includes(origin)) return true;
  if (origin === `http://${host}` || origin === `https://${host}`) return true;
  return allowsLoopback && LOOPBACK_PAGE.test(hostNameOf(origin) ?? '');
}

/** The role of a client before it has shown a token; undefined where it must show one. */
export function roleWithoutToken(settings: AccessSettings): Role | undefined {
  if (demandsToken(settings)) return undefined;
  return settings.readOnly ? 'read' : 'admin';
}

/** The role that `Authorization: Bearer …` gives. */
export function roleOfHeader({ headers }: IncomingMessage, settings: AccessSettings): Role | undefined {
  const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : roleOfToken(token, settings);
}

/** The role that a token gives; undefined for a wrong one. */
export function roleOfToken(token: string, settings: AccessSettings): Role | undefined {
  if (isSame(token, settings.token)) return settings.readOnly ? 'read' : 'admin';
  return isSame(token, settings.readToken) ? 'read' : undefined;
}

/** In constant time: digests have one length, whatever was guessed. */
function isSame(given: string, expected: string | undefined): boolean {
  if (expected === undefined) return false;
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Access control of the web server. A browser lets any page on the internet open a websocket to this machine, so a page
 * must come from the gateway itself or from a configured origin; and the host name that it used must be this machine's,
 * since a foreign name can be made to resolve to it. Where no commands are possible, any page served by this machine is
 * allowed, such as existing dashboards.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostNameOf } from '../../base/origin.js';
import type { Role } from '../../config/role.js';

export interface AccessSettings {
  /** Allowed origins in addition to the gateway's own, such as `http://localhost:3000`; `null` is a page from a file. */
  readonly origins: readonly string[];
  /** Token with full access. */
  readonly token?: string | undefined;
  /** Token with read access. */
  readonly readToken?: string | undefined;
  /** Clients with full access get the role read only. */
  readonly readOnly: boolean;
  /** Listening on an address that other machines can reach. */
  readonly isPublic: boolean;
}

/** Host names that a browser may use for the gateway. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Hosts of pages from this machine, as normalized by `URL`. */
const LOOPBACK_PAGE = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** True if clients must authenticate. */
export function requiresToken({ token, readToken, isPublic }: AccessSettings): boolean {
  return isPublic || token !== undefined || readToken !== undefined;
}

/** True for this machine's own names; a public gateway can't know its names. */
export function isTrustedHost(host: string | undefined, { isPublic, origins }: AccessSettings): boolean {
  if (isPublic) return true;
  const name = hostNameOf(`http://${host ?? ''}`);
  if (name === undefined) return false;
  return LOOPBACK_NAMES.has(name) || origins.some((origin) => hostNameOf(origin) === name);
}

/**
 * True for programs, which send no origin, for the gateway's own page, and for configured origins; with
 * `allowsLoopback`, also for pages from any port of this machine.
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

/** The role of a client without a token; undefined if a token is required. */
export function roleWithoutToken(settings: AccessSettings): Role | undefined {
  if (requiresToken(settings)) return undefined;
  return settings.readOnly ? 'read' : 'admin';
}

/** The role granted by the header `Authorization: Bearer …`. */
export function roleOfHeader({ headers }: IncomingMessage, settings: AccessSettings): Role | undefined {
  const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : roleOfToken(token, settings);
}

/** The role granted by a token; undefined if it is wrong. */
export function roleOfToken(token: string, settings: AccessSettings): Role | undefined {
  if (isSame(token, settings.token)) return settings.readOnly ? 'read' : 'admin';
  return isSame(token, settings.readToken) ? 'read' : undefined;
}

/** Compares in constant time: digests have the same length for any guess. */
function isSame(given: string, expected: string | undefined): boolean {
  if (expected === undefined) return false;
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

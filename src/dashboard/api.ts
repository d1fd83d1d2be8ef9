/** The session's methods, with their parameters and results. */
import { RequestError } from '../client/errors.js';
import type { Result } from '../client/rpc-core.js';

export { ClientError, RequestError } from '../client/errors.js';
export type { GapNotice, MethodName, Params, Result } from '../client/rpc-core.js';
export type Role = Result<'hello'>['role'];

const ROLES: readonly Role[] = ['read', 'send', 'admin'];

/** True if a page with the role `given` may do what requires the role `needed`. */
export function mayDo(given: Role, needed: Role): boolean {
  return ROLES.indexOf(given) >= ROLES.indexOf(needed);
}

/** The error of a request that was not sent. */
export function notConnected(): RequestError {
  return new RequestError('CONNECTION_LOST', 'not connected to the gateway');
}

/** The message of an error, to show to the user. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

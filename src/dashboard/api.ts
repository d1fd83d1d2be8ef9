/** The session's methods by name: what the page may ask, and what it gets. */
import { RequestError } from '../client/errors.js';
import type { Result } from '../client/rpc-core.js';

export { ClientError, RequestError } from '../client/errors.js';
export type { GapNotice, MethodName, Params, Result } from '../client/rpc-core.js';
export type Role = Result<'hello'>['role'];

/** Why a request was not sent at all. */
export function notConnected(): RequestError {
  return new RequestError('CONNECTION_LOST', 'there is no connection to the gateway');
}

/** A failure, in words for a person. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

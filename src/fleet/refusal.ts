import { SESSION_ERRORS, type SessionErrorCode } from '../api/errors.js';

/** A refused or unanswered request. `code`: of the session or the MQTT connector, or `NO_ANSWER`. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

/** JSON-RPC error number for errors that a session on a socket does not have: the connector's and the broker's. */
const FLEET_ERROR = -32099;

/** A reply's error object, with the same numbers as in a session on a socket. */
export function errorObject(code: string, message: string) {
  const isSession = Object.hasOwn(SESSION_ERRORS, code);
  const rpc = isSession ? SESSION_ERRORS[code as SessionErrorCode].rpc : FLEET_ERROR;
  return { code: rpc, message, data: { code } };
}

import { SESSION_ERRORS, type SessionErrorCode } from '../api/errors.js';

/** A request that was not carried out. `code`: the session's, the MQTT connector's, or `NO_ANSWER`. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

/** JSON-RPC's number for what no session on a socket refuses: the connector's refusals, and what befalls the broker. */
const FLEET_ERROR = -32099;

/** An error as a reply has it: with the numbers that the session of a socket gives the same codes. */
export function errorObject(code: string, message: string) {
  const isSession = Object.hasOwn(SESSION_ERRORS, code);
  const rpc = isSession ? SESSION_ERRORS[code as SessionErrorCode].rpc : FLEET_ERROR;
  return { code: rpc, message, data: { code } };
}

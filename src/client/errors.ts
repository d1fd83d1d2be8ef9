/** Errors of the client library; errors from the gateway are `RequestError`s. */
export const CLIENT_ERRORS = {
  NOT_RUNNING: 'no gateway is listening; start one with: meshgate start',
  NO_PERMISSION: 'permission denied; join the group of the gateway’s socket, or ask its administrator',
  CONNECTION_LOST: 'connection lost before the reply; the request may or may not have been carried out',
  SLOW_READER: 'the gateway closed the connection because this client read too slowly',
  LINE_TOO_LONG: 'request longer than 1 MiB',
  NO_BROKER: 'can’t connect to the MQTT broker, or access denied; check the URL, user and password',
  NO_GATEWAY: 'gateway not online; list the gateways with: meshgate --fleet URL gateways',
  CLOSED: 'the client was closed',
} as const;

export type ClientErrorCode = keyof typeof CLIENT_ERRORS;

export class ClientError extends Error {
  constructor(
    readonly code: ClientErrorCode,
    detail?: string,
  ) {
    super(detail === undefined ? CLIENT_ERRORS[code] : `${detail}: ${CLIENT_ERRORS[code]}`);
    this.name = 'ClientError';
  }
}

/** The error for a failed connection. `error`: the system's error, if any. */
export function connectError(error: Error | undefined, path: string): ClientError {
  const code = error && 'code' in error ? error.code : undefined;
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  return new ClientError(isForbidden ? 'NO_PERMISSION' : 'NOT_RUNNING', path);
}

/** The gateway refused a request. `code`: a session error code, see docs/protocol.md. */
export class RequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

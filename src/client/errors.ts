/** Why the client library could not do something; the gateway's own refusals come as `RequestError`. */
export const CLIENT_ERRORS = {
  NOT_RUNNING: 'no gateway answers; start one with: meshgate start',
  NO_PERMISSION: 'this user may not use the gateway’s socket; join its group, or ask who runs the gateway',
  CONNECTION_LOST:
    'the connection was lost before the reply came; whether the request was carried out is not known',
  SLOW_READER: 'the gateway closed the connection because events were read too slowly',
  LINE_TOO_LONG: 'a request may have 1 MiB at most',
  NO_BROKER: 'the MQTT broker can not be reached, or refuses this user; look at the URL, user and password',
  NO_GATEWAY: 'not online at the broker; to see which are: meshgate --fleet URL gateways',
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

/** Why a socket could not be had. `error`: the system's, where it gave one. */
export function connectError(error: Error | undefined, path: string): ClientError {
  const code = error && 'code' in error ? error.code : undefined;
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  return new ClientError(isForbidden ? 'NO_PERMISSION' : 'NOT_RUNNING', path);
}

/** The gateway refused a request. `code`: one of the session's error codes, docs/protocol.md. */
export class RequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

/**
 * Errors of the gateway itself. The codes are a stable interface: each is listed in docs/errors.md and has an exit code on
 * the command line.
 */
export const ERROR_CODES = {
  BAD_USAGE: 'invalid command line',
  BAD_CONFIG: 'invalid setting, or an invalid file named in the settings',
  BAD_TABLE: 'invalid opcodes.json or data types file',
  SOCKET_TAKEN: 'another gateway is using the socket',
  STATE_TAKEN: 'another gateway is using the state directory',
  ADDRESS_IN_USE: 'another program is using the TCP port',
  NO_PERMISSION: 'permission denied by the operating system',
  SOCKET_FAILED: 'a socket could not be opened',
  SOCKET_LOST: 'a gateway is running, but its socket file is gone',
  PTY_LOST: 'the pseudo-terminal of a virtual mesh was closed',
  BAD_RECORDING: 'a file is not a recording, or cannot be replayed or compared',
  FILE_FAILED: 'a file could not be read or written',
  EVENTS_LOST: 'the gateway stopped before all events were stored in the history',
  TOOL_MISSING: 'a program required by this command is not installed',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error for people: `message` says what is wrong, `hint` what to do. */
export class MeshgateError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'MeshgateError';
  }
}

/** The operating system's error code (`ENOENT`, `EACCES` …), if any. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of any thrown value. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The stack of any thrown value: for bugs. */
export function errorStack(error: unknown): string {
  return error instanceof Error && error.stack ? error.stack : String(error);
}

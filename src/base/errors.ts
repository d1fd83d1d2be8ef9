/**
 * Why the gateway itself could not do something. The code is interface: it is stable, each is listed in
 * docs/errors.md, and the command line turns it into an exit code.
 */
export const ERROR_CODES = {
  BAD_USAGE: 'the command line is wrong',
  BAD_CONFIG: 'a setting, or a file that settings name, is wrong',
  BAD_TABLE: 'opcodes.json or the data types file is wrong',
  SOCKET_TAKEN: 'a living gateway holds the socket',
  STATE_TAKEN: 'a living gateway keeps its history in the state directory',
  ADDRESS_IN_USE: 'another program holds the TCP port',
  NO_PERMISSION: 'the operating system refused access',
  SOCKET_FAILED: 'a socket could not be opened',
  SOCKET_LOST: 'a gateway runs, but the file of its socket has gone',
  PTY_LOST: 'the pseudo-terminal of a virtual mesh went away',
  BAD_RECORDING: 'a file is no recording, or none that can be replayed or compared',
  FILE_FAILED: 'a file could not be read or written',
  EVENTS_LOST: 'the gateway ended before all that it had received was in the history',
  TOOL_MISSING: 'a program that this command needs is not installed',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error that a person can act on: `message` says what is wrong, `hint` what to do about it. */
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

/** The operating system's code of an error (`ENOENT`, `EACCES` …), if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The text of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The stack of anything that was thrown: for our own mistakes. */
export function errorStack(error: unknown): string {
  return error instanceof Error && error.stack ? error.stack : String(error);
}

import { type ErrorCode, errorStack, MeshgateError } from '../errors.js';

/** What the process ends with; documented in docs/errors.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  badUsage: 2,
  noPermission: 4,
  badConfig: 6,
  taken: 7,
} as const;

const EXIT_BY_CODE: Readonly<Record<ErrorCode, number>> = {
  BAD_USAGE: EXIT.badUsage,
  BAD_CONFIG: EXIT.badConfig,
  BAD_TABLE: EXIT.badConfig,
  SOCKET_TAKEN: EXIT.taken,
  ADDRESS_IN_USE: EXIT.taken,
  NO_PERMISSION: EXIT.noPermission,
  SOCKET_FAILED: EXIT.failed,
  PTY_LOST: EXIT.failed,
  TOOL_MISSING: EXIT.failed,
};

/** Tells a person why the process ends, and gives its exit code. What is not one of our errors is our mistake. */
export function reportFailure(error: unknown, write: (text: string) => void): number {
  if (!(error instanceof MeshgateError)) {
    write(`meshgate: internal error\n${errorStack(error)}\n`);
    return EXIT.failed;
  }
  write(`meshgate: ${error.message}\n`);
  if (error.hint) write(`  ${error.hint}\n`);
  return EXIT_BY_CODE[error.code];
}

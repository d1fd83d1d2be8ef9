import type { SessionErrorCode } from '../api/errors.js';
import { cleanLines } from '../base/clean-text.js';
import { type ErrorCode, errorStack, MeshgateError } from '../base/errors.js';
import { ClientError, type ClientErrorCode, RequestError } from '../client/errors.js';
import { withoutErrno } from './text/system-error.js';

/** Exit codes of the process; documented in docs/errors.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  badUsage: 2,
  notRunning: 3,
  noPermission: 4,
  linkDown: 5,
  badConfig: 6,
  taken: 7,
  stopIncomplete: 8,
} as const;

/** The same as text for `--help`. */
export const EXIT_CODES_HELP = `
Exit codes:
  0  success
  1  refused by the gateway, or no answer from the node; start: events were lost at exit
  2  usage error
  3  no gateway is running
  4  permission denied
  5  no link to the root, or to the device
  6  invalid configuration
  7  the socket, the port or the state directory is in use by another program
  8  the gateway stopped, but something could not be sent or closed in time
`;

/** Sets the exit code, unless a higher one is set already: the worst result counts. */
export function endWith(exitCode: number): void {
  process.exitCode = Math.max(exitCode, Number(process.exitCode ?? EXIT.ok));
}

/** Exit codes of the gateway's own errors. */
export const EXIT_BY_CODE: Readonly<Record<ErrorCode, number>> = {
  BAD_USAGE: EXIT.badUsage,
  BAD_CONFIG: EXIT.badConfig,
  BAD_TABLE: EXIT.badConfig,
  SOCKET_TAKEN: EXIT.taken,
  STATE_TAKEN: EXIT.taken,
  ADDRESS_IN_USE: EXIT.taken,
  NO_PERMISSION: EXIT.noPermission,
  SOCKET_FAILED: EXIT.failed,
  SOCKET_LOST: EXIT.notRunning,
  PTY_LOST: EXIT.failed,
  BAD_RECORDING: EXIT.failed,
  FILE_FAILED: EXIT.failed,
  EVENTS_LOST: EXIT.failed,
  TOOL_MISSING: EXIT.failed,
};

const EXIT_BY_CLIENT_CODE: Readonly<Record<ClientErrorCode, number>> = {
  NOT_RUNNING: EXIT.notRunning,
  NO_PERMISSION: EXIT.noPermission,
  CONNECTION_LOST: EXIT.notRunning,
  SLOW_READER: EXIT.failed,
  LINE_TOO_LONG: EXIT.failed,
  NO_BROKER: EXIT.notRunning,
  NO_GATEWAY: EXIT.notRunning,
  CLOSED: EXIT.failed,
};

/** A refused request exits with `failed` unless listed here. */
const EXIT_BY_REFUSAL: Readonly<Partial<Record<SessionErrorCode, number>>> = {
  BAD_PARAMS: EXIT.badUsage,
  LINK_DOWN: EXIT.linkDown,
};

const START_HINT =
  'to start one without hardware: meshgate start --simulate; to use another socket: --socket PATH, or MESHGATE_SOCKET';

/** What a user at a terminal can do about a refusal. */
const REFUSAL_HINTS: Readonly<Partial<Record<SessionErrorCode, string>>> = {
  NODE_NOT_FOUND: 'to list the nodes: meshgate nodes; the devices: meshgate devices',
  OPCODE_NOT_FOUND: 'opcodes.json lists the names and opcodes of messages',
  TYPE_NOT_FOUND: 'to list the types of a node or device: meshgate node ADDR',
  COMMAND_NOT_FOUND: 'to list the commands of a device: meshgate device ID',
  DELIVERY_NOT_FOUND: 'the last 1,000 are kept',
  NOT_ABORTABLE: 'for its state: meshgate explain --delivery ID',
  ALARM_NOT_FOUND: 'to list the alarms: meshgate alarms',
  LINK_DOWN: 'to find the cause: meshgate doctor',
  HISTORY_FAILED: 'for details: meshgate status',
  UNKNOWN_METHOD: 'the gateway is older than this program: upgrade it, or restart it after an upgrade',
};

/** The last clause of a refusal: what a program can do. At a terminal the hint takes its place. */
const LAST_CLAUSE = /; [^;\n]*$/;
/** The same, if it names methods of the session. */
const ADVICE_FOR_PROGRAMS = /; [^;\n]*\b(?:methods?|rpc\.discover)\b[^;\n]*$/;
/** The general text of `BAD_PARAMS` after the particular one. */
const WRONG_PARAMETERS = /(.): (?:the parameters are wrong|invalid parameters)$/;

/** A failure as it is reported: what is wrong, what to do about it, and the exit code. */
interface Failure {
  readonly text: string;
  readonly hint?: string | undefined;
  readonly exitCode: number;
}

/**
 * Prints why the process ends and returns its exit code. An error of another class is a bug and is printed with its
 * stack. Texts are cleaned: that of a refusal comes from the other end of the socket.
 */
export function reportFailure(error: unknown, write: (text: string) => void): number {
  const { text, hint, exitCode } = describeFailure(error);
  write(`meshgate: ${cleanLines(text, '  ')}\n`);
  if (hint) write(`  ${cleanLines(hint, '  ')}\n`);
  return exitCode;
}

function describeFailure(error: unknown): Failure {
  if (error instanceof MeshgateError) {
    return { text: withoutErrno(error.message), hint: error.hint, exitCode: EXIT_BY_CODE[error.code] };
  }
  if (error instanceof ClientError) {
    const hint = error.code === 'NOT_RUNNING' ? START_HINT : undefined;
    return { text: withoutErrno(error.message), hint, exitCode: EXIT_BY_CLIENT_CODE[error.code] };
  }
  if (error instanceof RequestError) {
    const code = error.code as SessionErrorCode;
    const text = refusalText(code, error.message);
    return { text, hint: REFUSAL_HINTS[code], exitCode: EXIT_BY_REFUSAL[code] ?? EXIT.failed };
  }
  return { text: `internal error\n${errorStack(error)}`, exitCode: EXIT.failed };
}

/** Without what only a program can use: names of methods and of errors of the system. */
function refusalText(code: SessionErrorCode, message: string): string {
  if (code === 'UNKNOWN_METHOD') return 'the gateway does not support this command';
  const advice = REFUSAL_HINTS[code] === undefined ? ADVICE_FOR_PROGRAMS : LAST_CLAUSE;
  return withoutErrno(message.replace(advice, '').replace(WRONG_PARAMETERS, '$1'));
}

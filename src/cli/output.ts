/** The only way to standard output. */
import { once } from 'node:events';
import { cleanLines } from '../base/clean-text.js';
import { MeshgateError } from '../base/errors.js';
import { EXIT, reportFailure } from './exit-codes.js';
import { terminalOf, type View } from './text/terminal.js';

/** What a terminal could take for a command, or for the end of a line, though JSON allows it. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export function print(text: string): void {
  endWithReader(process.stdout);
  process.stdout.write(text);
}

/** The same for what is much: resolves when the reader has taken enough for more. Rejects when `signal` aborts. */
export async function printInStep(text: string, signal: AbortSignal): Promise<void> {
  endWithReader(process.stdout);
  if (!process.stdout.write(text)) await once(process.stdout, 'drain', { signal });
}

/** One object, for a program; over several lines, so that people can read it too. */
export function printJson(value: unknown): void {
  print(`${safeJson(value, 2)}\n`);
}

/** One object of a stream, on a line of its own. */
export function printJsonLine(value: object): void {
  print(`${safeJson(value)}\n`);
}

/** What a command that runs for one gateway prints with: in a fleet it runs for several at once. */
export interface GatewayScope {
  /** Undefined: the gateway of a socket, which has no name. */
  readonly gateway: string | undefined;
  /** In a fleet: the gateway's part of one object for all of them. */
  readonly printJson: (value: unknown) => void;
  /** In a fleet the object names its gateway. */
  readonly printJsonLine: (value: object) => void;
}

export const SOCKET_SCOPE: GatewayScope = { gateway: undefined, printJson, printJsonLine };

/** `onJson` takes what would be printed as this gateway's JSON. */
export function scopeOf(gateway: string, onJson: (value: unknown) => void): GatewayScope {
  const printNamed = (value: object) => printJsonLine({ gateway, ...value });
  return { gateway, printJson: onJson, printJsonLine: printNamed };
}

/** JSON in which every character that is not safe on a terminal is escaped. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Bytes, for a program or a file; resolves when they have been taken over. */
export function printBytes(bytes: Uint8Array): Promise<void> {
  endWithReader(process.stdout);
  return new Promise((resolve) => process.stdout.write(bytes, () => resolve()));
}

/** Says something that is not part of the result. */
export function note(text: string): void {
  endWithReader(process.stderr);
  process.stderr.write(`${cleanLines(text, '  ')}\n`);
}

/** Standard output as it is now: a terminal's width changes. `gateway`: of a fleet, where the text is about one. */
export function currentView(gateway?: string): View {
  return { terminal: terminalOf(process.stdout, process.env), now: Date.now(), gateway };
}

/** Help and completion scripts: text that is no result of a command. */
export function printHelp(text: string): void {
  endWithReader(process.stdout);
  process.stdout.write(text);
}

/**
 * Ends the process quietly when whoever reads its output has gone, as in `meshgate watch | head -1`, and with a word
 * when the output can not be written, as on a full disk.
 */
function endWithReader(stream: NodeJS.WriteStream): void {
  if (!stream.listeners('error').includes(endProcess)) stream.on('error', endProcess);
}

function endProcess(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
  const failure = new MeshgateError('FILE_FAILED', `the output can not be written: ${error.message}`);
  process.exit(reportFailure(failure, (text) => process.stderr.write(text)));
}

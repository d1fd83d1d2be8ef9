/** Standard output and standard error: every command prints through this file. */
import { once } from 'node:events';
import { cleanLines } from '../base/clean-text.js';
import { MeshgateError } from '../base/errors.js';
import { EXIT, reportFailure } from './exit-codes.js';
import { systemErrorText } from './text/system-error.js';
import { terminalOf, type View } from './text/terminal.js';

/** Allowed in JSON, but a terminal could take them for control characters or line breaks. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export function print(text: string): void {
  endWithReader(process.stdout);
  process.stdout.write(text);
}

/** The same with back-pressure: resolves when there is room for more. Rejects when `signal` aborts. */
export async function printInStep(text: string, signal: AbortSignal): Promise<void> {
  endWithReader(process.stdout);
  if (!process.stdout.write(text)) await once(process.stdout, 'drain', { signal });
}

/** One object, for a program; indented, so that people can read it too. */
export function printJson(value: unknown): void {
  print(`${safeJson(value, 2)}\n`);
}

/** One object of a stream, on its own line. */
export function printJsonLine(value: object): void {
  print(`${safeJson(value)}\n`);
}

/** How a command prints for one gateway: in a fleet it runs for several at once. */
export interface GatewayScope {
  /** Undefined for the gateway of a socket, which has no name. */
  readonly gateway: string | undefined;
  /** In a fleet: under the gateway's key in one object for all. */
  readonly printJson: (value: unknown) => void;
  /** In a fleet: with the gateway's name in the object. */
  readonly printJsonLine: (value: object) => void;
}

export const SOCKET_SCOPE: GatewayScope = { gateway: undefined, printJson, printJsonLine };

/** `onJson` receives this gateway's JSON instead of printing it. */
export function scopeOf(gateway: string, onJson: (value: unknown) => void): GatewayScope {
  const printNamed = (value: object) => printJsonLine({ gateway, ...value });
  return { gateway, printJson: onJson, printJsonLine: printNamed };
}

/** JSON with characters escaped that are not safe on a terminal. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Bytes, for a program or a file; resolves when they are written. */
export function printBytes(bytes: Uint8Array): Promise<void> {
  endWithReader(process.stdout);
  return new Promise((resolve) => process.stdout.write(bytes, () => resolve()));
}

/** Prints a message on standard error: not part of the result. */
export function note(text: string): void {
  endWithReader(process.stderr);
  process.stderr.write(`${cleanLines(text, '  ')}\n`);
}

/** Standard output at this moment: a terminal can be resized. `gateway`: the gateway of a fleet that the text is about. */
export function currentView(gateway?: string): View {
  return { terminal: terminalOf(process.stdout, process.env), now: Date.now(), gateway };
}

/** Help texts. */
export function printHelp(text: string): void {
  endWithReader(process.stdout);
  process.stdout.write(text);
}

/**
 * Ends the process when its output cannot be written: silently when the reader has closed the pipe, as in
 * `meshgate watch | head -1`, otherwise with an error, for example on a full disk.
 */
function endWithReader(stream: NodeJS.WriteStream): void {
  if (!stream.listeners('error').includes(endProcess)) stream.on('error', endProcess);
}

function endProcess(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
  const failure = new MeshgateError('FILE_FAILED', `cannot write the output: ${systemErrorText(error)}`);
  process.exit(reportFailure(failure, (text) => process.stderr.write(text)));
}

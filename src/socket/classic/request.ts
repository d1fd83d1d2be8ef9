/**
 * Requests of the classic dialect.
 *
 *     command (5 ASCII bytes) | arguments
 *
 * A stream has no message boundaries. A request is complete when no valid request is longer, when the client has shut
 * down its writing side, or, for a command of varying length, when no byte has arrived for the settle time.
 */
import { ADDRESS_LENGTH } from '../../protocol/address.js';
import type { Tables } from '../../protocol/message.js';
import { COMMAND_NAME_LENGTH, type CommandSpec } from '../../protocol/opcodes.js';

/** The command whose argument is a state letter. */
const STATE_COMMAND = 'NETIF';
/** Active, disconnected, not available. */
const STATE_LETTERS = ['A', 'D', 'N'] as const;
export type StateLetter = (typeof STATE_LETTERS)[number];

/** No type's name is longer: see data-types.json. */
const MAX_TYPE_NAME_LENGTH = 64;

/** A complete request: its command, and the bytes after the command's name. */
export interface ClassicRequest {
  readonly spec: CommandSpec;
  readonly args: Buffer;
}

export type Examined =
  | { readonly kind: 'complete'; readonly request: ClassicRequest }
  /** Valid now and also if more bytes follow: complete when no more arrive. */
  | { readonly kind: 'mayContinue'; readonly request: ClassicRequest }
  /** `failure`: the answer if no more bytes arrive. */
  | { readonly kind: 'tooShort'; readonly failure: string }
  | { readonly kind: 'refused'; readonly failure: string };

/** Examines the bytes received so far. `limit`: bytes of the longest request. */
export function examineRequest(bytes: Buffer, tables: Tables, limit: number): Examined {
  if (bytes.length < COMMAND_NAME_LENGTH) return { kind: 'tooShort', failure: 'Command Too Short' };
  const spec = tables.opcodes.findCommand(bytes.toString('latin1', 0, COMMAND_NAME_LENGTH));
  if (!spec) return { kind: 'refused', failure: 'Unknown Command' };
  if (spec.executor === 'edge') return { kind: 'refused', failure: 'Command Of Edge Modules' };
  if (spec.name === STATE_COMMAND && spec.executor === 'gateway') return examineState(spec, bytes);
  if (bytes.length < spec.minLength)
    return { kind: 'tooShort', failure: missingArgument(spec, bytes.length) };
  if (spec.fixedLength) return complete(spec, bytes.subarray(0, spec.minLength));
  const typed = completeByType(spec, bytes, tables);
  if (typed) return typed;
  if (bytes.length > limit) return { kind: 'refused', failure: 'Request Too Long' };
  return { ...complete(spec, bytes), kind: 'mayContinue' };
}

function complete(spec: CommandSpec, bytes: Buffer) {
  const request: ClassicRequest = { spec, args: bytes.subarray(COMMAND_NAME_LENGTH) };
  return { kind: 'complete', request } as const;
}

/**
 *     NETIF | state (1)          NETIF | address (2) | state (1)
 *
 * The field's client library writes an address before the state. Any first byte can be a state or the start of an
 * address: only the third byte decides. Before it arrives, a letter is a state if no more bytes arrive, and any other
 * byte starts an address.
 */
function examineState(spec: CommandSpec, bytes: Buffer): Examined {
  const args = bytes.subarray(COMMAND_NAME_LENGTH);
  const [first, , third] = args;
  if (first === undefined) return { kind: 'tooShort', failure: 'Command Too Short' };
  if (third !== undefined) {
    const hasAddress = isState(third) || !isLetter(first);
    return complete(spec, requestOf(hasAddress ? third : first));
  }
  if (!isLetter(first)) return { kind: 'tooShort', failure: 'Command Too Short' };
  return { ...complete(spec, requestOf(first)), kind: 'mayContinue' };
}

/** The request in its short form. */
function requestOf(state: number): Buffer {
  return Buffer.concat([Buffer.from(STATE_COMMAND, 'latin1'), Buffer.of(state)]);
}

function isState(byte: number): boolean {
  return STATE_LETTERS.some((letter) => letter.charCodeAt(0) === byte);
}

function isLetter(byte: number): boolean {
  return /[A-Za-z]/.test(String.fromCharCode(byte));
}

/** A known data type that is not a prefix of a longer name ends the request; the rest is ignored. */
function completeByType(spec: CommandSpec, bytes: Buffer, { dataTypes }: Tables) {
  if (spec.arguments.at(-1) !== 'dataType') return undefined;
  const longest = Math.min(bytes.length, spec.minLength + MAX_TYPE_NAME_LENGTH);
  for (let end = spec.minLength; end <= longest; end++) {
    const key = bytes.subarray(spec.minLength - 1, end);
    if (dataTypes.findByKey(key) && !dataTypes.isPrefixOfName(key)) {
      return complete(spec, bytes.subarray(0, end));
    }
  }
  return undefined;
}

/** The texts that the root's firmware uses for the same errors. */
function missingArgument(spec: CommandSpec, length: number): string {
  const [first] = spec.arguments;
  const isAddressed = first === 'address' || first === 'ignored';
  if (isAddressed && length < COMMAND_NAME_LENGTH + ADDRESS_LENGTH) return 'No Dst Address Attached';
  return spec.arguments.at(-1) === 'message' ? 'No Message Attached' : 'Command Too Short';
}

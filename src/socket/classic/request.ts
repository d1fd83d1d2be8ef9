/**
 * Requests of the classic dialect.
 *
 *     command (5 ASCII bytes) | arguments
 *
 * A stream has no message boundaries. A request is complete when it can't legally go on, when the client has shut
 * down its writing side, or, for a command of varying length, when no byte has come for a settle time.
 */
import { ADDRESS_LENGTH } from '../../protocol/address.js';
import type { Tables } from '../../protocol/message.js';
import { COMMAND_NAME_LENGTH, type CommandSpec } from '../../protocol/opcodes.js';

/** No type's name is longer: see data-types.json. */
const MAX_TYPE_NAME_LENGTH = 64;

/** A whole request: its command, and the bytes behind the command's name. */
export interface ClassicRequest {
  readonly spec: CommandSpec;
  readonly args: Buffer;
}

export type Examined =
  | { readonly kind: 'complete'; readonly request: ClassicRequest }
  /** Legal as it is, and legal if more comes: it is over when no more comes. */
  | { readonly kind: 'mayGoOn'; readonly request: ClassicRequest }
  /** `failure`: what to answer if nothing more comes. */
  | { readonly kind: 'tooShort'; readonly failure: string }
  | { readonly kind: 'refused'; readonly failure: string };

/** Looks at what has come so far. `limit`: bytes of the longest request. */
export function examineRequest(bytes: Buffer, tables: Tables, limit: number): Examined {
  if (bytes.length < COMMAND_NAME_LENGTH) return { kind: 'tooShort', failure: 'Command Too Short' };
  const spec = tables.opcodes.findCommand(bytes.toString('latin1', 0, COMMAND_NAME_LENGTH));
  if (!spec) return { kind: 'refused', failure: 'Unknown Command' };
  if (spec.executor === 'edge') return { kind: 'refused', failure: 'Command Of Edge Modules' };
  if (bytes.length < spec.minLength)
    return { kind: 'tooShort', failure: missingArgument(spec, bytes.length) };
  if (spec.fixedLength) return complete(spec, bytes.subarray(0, spec.minLength));
  const typed = completeByType(spec, bytes, tables);
  if (typed) return typed;
  if (bytes.length > limit) return { kind: 'refused', failure: 'Request Too Long' };
  return { ...complete(spec, bytes), kind: 'mayGoOn' };
}

function complete(spec: CommandSpec, bytes: Buffer) {
  const request: ClassicRequest = { spec, args: bytes.subarray(COMMAND_NAME_LENGTH) };
  return { kind: 'complete', request } as const;
}

/** A data type that exists, and that no longer type name begins with, ends its request; what follows is ignored. */
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

/** The words that the root's own firmware uses for the same fault. */
function missingArgument(spec: CommandSpec, length: number): string {
  const [first] = spec.arguments;
  const isAddressed = first === 'address' || first === 'ignored';
  if (isAddressed && length < COMMAND_NAME_LENGTH + ADDRESS_LENGTH) return 'No Dst Address Attached';
  return spec.arguments.at(-1) === 'message' ? 'No Message Attached' : 'Command Too Short';
}

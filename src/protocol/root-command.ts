/**
 * Bodies to the root.
 *
 *     command (5 ASCII bytes) | arguments
 */
import { ADDRESS_LENGTH, addressBytes, ROOT_ADDRESS } from './address.js';
import { COMMAND_NAME_LENGTH } from './opcodes.js';

/** A command to the root. Addresses are 0x0000 (the root) or 0x0001–0x7FFF; messages are one byte or more. */
export type RootCommand =
  | { readonly kind: 'send'; readonly to: number; readonly message: Buffer; readonly tracked: boolean }
  | { readonly kind: 'broadcast'; readonly message: Buffer }
  | { readonly kind: 'resetRoot' }
  | { readonly kind: 'clean' }
  | { readonly kind: 'listNodes' }
  | { readonly kind: 'listPaths' }
  /** A command of the site's own firmware: name and arguments exactly as the client sent them. */
  | { readonly kind: 'other'; readonly bytes: Buffer };

const WITHOUT_ARGUMENTS = {
  resetRoot: 'RST-R',
  clean: 'CLEAN',
  listNodes: 'NINFO',
  listPaths: 'GETDF',
} as const;

/** The body of a command. */
export function encodeRootCommand(command: RootCommand): Buffer {
  switch (command.kind) {
    case 'send':
      return addressed(command.tracked ? 'SENDI' : 'SEND-', command.to, command.message);
    case 'broadcast':
      return addressed('BCAST', ROOT_ADDRESS, command.message);
    case 'other':
      return command.bytes;
    default:
      return Buffer.from(WITHOUT_ARGUMENTS[command.kind], 'latin1');
  }
}

/** The command in a body; `tooShort`, `noAddress` and `noMessage` are the errors that the firmware reports. */
export function decodeRootCommand(body: Buffer): RootCommand | 'tooShort' | 'noAddress' | 'noMessage' {
  if (body.length < COMMAND_NAME_LENGTH) return 'tooShort';
  const name = body.toString('latin1', 0, COMMAND_NAME_LENGTH);
  if (name === 'SEND-' || name === 'SENDI' || name === 'BCAST') return decodeAddressed(name, body);
  for (const [kind, known] of Object.entries(WITHOUT_ARGUMENTS)) {
    if (known === name) return { kind: kind as keyof typeof WITHOUT_ARGUMENTS };
  }
  return { kind: 'other', bytes: body };
}

function addressed(name: string, to: number, message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(name, 'latin1'), addressBytes(to), message]);
}

function decodeAddressed(
  name: 'SEND-' | 'SENDI' | 'BCAST',
  body: Buffer,
): RootCommand | 'noAddress' | 'noMessage' {
  const messageStart = COMMAND_NAME_LENGTH + ADDRESS_LENGTH;
  if (body.length < messageStart) return 'noAddress';
  if (body.length === messageStart) return 'noMessage';
  const message = body.subarray(messageStart);
  if (name === 'BCAST') return { kind: 'broadcast', message };
  return { kind: 'send', to: body.readUInt16BE(COMMAND_NAME_LENGTH), message, tracked: name === 'SENDI' };
}

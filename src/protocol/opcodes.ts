/**
 * Reads opcodes.json: the messages from the root and the commands of clients. The only place where these numbers and
 * names are loaded.
 */
import * as z from 'zod';
import { ADDRESS_LENGTH } from './address.js';
import type { DataTypes } from './data-types.js';
import { badTable, numberOrHex, readJsonTable, refuseAlikeNames, refuseRepeats } from './json-table.js';

/** The kind of sender of a body: address 0000 or 0001 is the root, any unicast address is a node. */
export type Speaker = 'root' | 'node';

/** How a message's payload is decoded; `opaque` is passed on unchanged, `value` is stored as a data type. */
export type PayloadKind = 'opaque' | 'value' | 'data' | 'netInfo' | 'nodeInfo' | 'rootReset' | 'pathInfo';

export interface MessageOpcode {
  /** 0x00–0xFF. */
  readonly opcode: number;
  readonly name: string;
  readonly from: readonly Speaker[];
  readonly payload: PayloadKind;
  /** The data type of a `value` payload. */
  readonly storeAs?: string;
  /** The opcode byte is the first byte of the payload (`{` of a JSON report). */
  readonly opcodeIsPayload: boolean;
  /** Forwarded to listening clients. */
  readonly listeners: boolean;
}

/** Who executes a command. The gateway refuses commands for edge devices. */
export const EXECUTORS = ['gateway', 'root', 'edge'] as const;

export type Executor = (typeof EXECUTORS)[number];

export type ArgumentShape = keyof typeof ARGUMENT_LENGTHS;

export interface CommandSpec {
  /** Five ASCII characters, as on the wire. */
  readonly name: string;
  readonly executor: Executor;
  readonly arguments: readonly ArgumentShape[];
  /** Bytes of the shortest valid request, including the name. */
  readonly minLength: number;
  /** True if no argument has a variable length: a request then has exactly `minLength` bytes. */
  readonly fixedLength: boolean;
}

/** Bytes of a command's name. */
export const COMMAND_NAME_LENGTH = 5;

/** Minimum bytes of each argument; those in `VARYING` may be longer, and must be last. */
const ARGUMENT_LENGTHS = {
  address: ADDRESS_LENGTH,
  ignored: ADDRESS_LENGTH,
  byte: 1,
  message: 1,
  dataType: 1,
  text: 1,
} as const;
const VARYING: ReadonlySet<ArgumentShape> = new Set(['message', 'dataType', 'text']);

/** Bytes that start a listening connection or a JSON-RPC session can't start a command. */
const RESERVED_NAMES = /^(\[syn\]|\{.*)$/;

const messageSchema = z.strictObject({
  opcode: numberOrHex(0, 0xff),
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]*$/, { error: 'must start with a letter and have only letters and digits' }),
  from: z.array(z.enum(['root', 'node'])).min(1),
  payload: z.enum(['opaque', 'data', 'netInfo', 'nodeInfo', 'rootReset', 'pathInfo']).optional(),
  storeAs: z.string().optional(),
  opcodeIsPayload: z.boolean().default(false),
  listeners: z.boolean().default(true),
});

const commandSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\x20-\x7e]{5}$/, { error: 'must be five printable ASCII characters' })
    .refine((name) => !RESERVED_NAMES.test(name), {
      error: 'is reserved: it starts another kind of connection',
    }),
  executor: z.enum(EXECUTORS),
  arguments: z.array(z.enum(Object.keys(ARGUMENT_LENGTHS) as ArgumentShape[])),
});

const fileSchema = z.strictObject({
  messages: z.array(messageSchema),
  commands: z.array(commandSchema),
});

/** The messages and commands of a site. */
export class Opcodes {
  readonly #messages = new Map<number, MessageOpcode>();
  readonly #commands = new Map<string, CommandSpec>();

  constructor(messages: Iterable<MessageOpcode>, commands: Iterable<CommandSpec>) {
    for (const message of messages) this.#messages.set(message.opcode, message);
    for (const command of commands) this.#commands.set(command.name, command);
  }

  /** Reads and checks an opcodes file. Throws `BAD_TABLE` with file, key and reason. */
  static load(file: string, dataTypes: DataTypes): Opcodes {
    const { messages, commands } = readJsonTable(file, fileSchema);
    refuseRepeats(file, 'messages', messages, 'opcode');
    refuseAlikeNames(file, 'messages', messages);
    refuseRepeats(file, 'commands', commands, 'name');
    return new Opcodes(
      messages.map((entry, index) => readMessage(file, index, entry, dataTypes)),
      commands.map((entry, index) => readCommand(file, index, entry)),
    );
  }

  /** The message with this opcode, if this kind of sender may send it. */
  findMessage(opcode: number, speaker: Speaker): MessageOpcode | undefined {
    const message = this.#messages.get(opcode);
    return message?.from.includes(speaker) ? message : undefined;
  }

  /** The message with this name. */
  findMessageByName(name: string): MessageOpcode | undefined {
    return this.messages().find((message) => message.name === name);
  }

  findCommand(name: string): CommandSpec | undefined {
    return this.#commands.get(name);
  }

  messages(): MessageOpcode[] {
    return [...this.#messages.values()];
  }

  commands(): CommandSpec[] {
    return [...this.#commands.values()];
  }
}

type MessageEntry = z.output<typeof messageSchema>;
type CommandEntry = z.output<typeof commandSchema>;

function readMessage(file: string, index: number, entry: MessageEntry, dataTypes: DataTypes): MessageOpcode {
  const key = `messages.${index}`;
  if (entry.payload !== undefined && entry.storeAs !== undefined) {
    throw badTable(file, key, 'must not have both payload and storeAs');
  }
  if (entry.storeAs !== undefined && dataTypes.findByName(entry.storeAs) === undefined) {
    throw badTable(file, `${key}.storeAs`, `there is no data type ${entry.storeAs}`);
  }
  const { storeAs, payload, ...rest } = entry;
  if (storeAs !== undefined) return { ...rest, payload: 'value', storeAs };
  return { ...rest, payload: payload ?? 'opaque' };
}

function readCommand(file: string, index: number, entry: CommandEntry): CommandSpec {
  const key = `commands.${index}`;
  const varyingAt = entry.arguments.findIndex((argument) => VARYING.has(argument));
  if (varyingAt !== -1 && varyingAt !== entry.arguments.length - 1) {
    throw badTable(file, `${key}.arguments.${varyingAt}`, 'has a variable length and must be last');
  }
  const argumentsLength = entry.arguments.reduce((sum, argument) => sum + ARGUMENT_LENGTHS[argument], 0);
  return { ...entry, minLength: COMMAND_NAME_LENGTH + argumentsLength, fixedLength: varyingAt === -1 };
}

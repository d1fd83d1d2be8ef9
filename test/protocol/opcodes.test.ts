import test from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import { decodeMessage } from '../../src/protocol/message.js';
import { Opcodes } from '../../src/protocol/opcodes.js';
import { bytesOf } from '../support/hex.js';
import {
  DATA_TYPES_FILE,
  loadTables,
  OPCODES_FILE,
  readTable,
  shippedTables,
  temporaryFile,
} from '../support/tables.js';

const { opcodes, dataTypes } = shippedTables;

const message = { opcode: '0x60', name: 'Mine', from: ['node'] };
const command = { name: 'LED-1', executor: 'root', arguments: ['address', 'byte'] };

function withMessage(members: object): object {
  return { messages: [{ ...message, ...members }], commands: [] };
}

function withCommand(members: object): object {
  return { messages: [], commands: [{ ...command, ...members }] };
}

/** What is wrong; the file; the key; the reason. */
const WRONG_FILES: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['is no JSON', 'opcodes', '', /JSON/],
  ['has no messages', { commands: [] }, 'messages', /expected array/],
  ['has no commands', { messages: [] }, 'commands', /expected array/],
  ['has an unknown member', { messages: [], commands: [], extra: 1 }, '', /"extra"/],
  ['has a message with an unknown member', withMessage({ length: 1 }), 'messages.0', /"length"/],
  [
    'has a message without an opcode',
    withMessage({ opcode: undefined }),
    'messages.0.opcode',
    /from 0 to 255/,
  ],
  ['has an opcode over a byte', withMessage({ opcode: 256 }), 'messages.0.opcode', /from 0 to 255/],
  [
    'has an opcode that is not a number',
    withMessage({ opcode: '0xZZ' }),
    'messages.0.opcode',
    /from 0 to 255/,
  ],
  [
    'has a message name with a space',
    withMessage({ name: 'Net Info' }),
    'messages.0.name',
    /letters and digits/,
  ],
  ['has a message without senders', withMessage({ from: [] }), 'messages.0.from', /1/],
  [
    'has a message from an unknown sender',
    withMessage({ from: ['sun'] }),
    'messages.0.from.0',
    /"root"\|"node"/,
  ],
  ['has an unknown payload', withMessage({ payload: 'soup' }), 'messages.0.payload', /"netInfo"/],
  [
    'stores a payload that it also reads',
    withMessage({ payload: 'data', storeAs: 'GPS' }),
    'messages.0',
    /both payload and storeAs/,
  ],
  [
    'stores as a type that does not exist',
    withMessage({ storeAs: 'Nope' }),
    'messages.0.storeAs',
    /no data type Nope/,
  ],
  [
    'gives an opcode twice',
    { messages: [message, { ...message, opcode: 96, name: 'Other' }], commands: [] },
    'messages.1.opcode',
    /96 is already taken/,
  ],
  [
    'gives a message name twice',
    { messages: [message, { ...message, opcode: 97 }], commands: [] },
    'messages.1.name',
    /Mine is already taken/,
  ],
  [
    'gives two message names that differ in case',
    { messages: [message, { ...message, opcode: 97, name: 'MINE' }], commands: [] },
    'messages.1.name',
    /MINE is already taken by Mine \(case is ignored\)/,
  ],
  ['has a command name of four', withCommand({ name: 'LED1' }), 'commands.0.name', /five printable ASCII/],
  [
    'has a command name beyond ASCII',
    withCommand({ name: 'LED-é' }),
    'commands.0.name',
    /five printable ASCII/,
  ],
  ['has a command that opens a listener', withCommand({ name: '[syn]' }), 'commands.0.name', /another kind/],
  ['has a command that opens a session', withCommand({ name: '{LED}' }), 'commands.0.name', /another kind/],
  ['has an unknown executor', withCommand({ executor: 'moon' }), 'commands.0.executor', /"gateway"/],
  ['has an unknown argument', withCommand({ arguments: ['word'] }), 'commands.0.arguments.0', /"address"/],
  [
    'has an argument after one of variable length',
    withCommand({ arguments: ['message', 'address'] }),
    'commands.0.arguments.0',
    /must be last/,
  ],
  [
    'gives a command twice',
    { messages: [], commands: [command, command] },
    'commands.1.name',
    /LED-1 is already taken/,
  ],
];

for (const [what, content, key, reason] of WRONG_FILES) {
  test(`an opcodes file that ${what} is refused with file, key and reason`, (t) => {
    const file = temporaryFile(t, 'opcodes.json', content);
    const error = t.throws(() => Opcodes.load(file, dataTypes), { instanceOf: MeshgateError });
    t.is(error?.code, 'BAD_TABLE');
    t.true(error?.message.startsWith(key === '' ? `${file}: ` : `${file}: ${key}: `), error?.message);
    t.regex(error?.message ?? '', reason);
  });
}

/** Name, opcode, senders, whether listeners get it: the table of section 2 of the wire. */
const FIELD_MESSAGES: readonly (readonly [string, number, readonly string[], boolean])[] = [
  ['Custom', 0x00, ['node'], true],
  ['NetInfo', 0x01, ['root'], false],
  ['NodeInfo', 0x02, ['node', 'root'], false],
  ['RootReset', 0x03, ['root'], true],
  ['PathInfo', 0x04, ['root'], false],
  ['Position', 0x05, ['node'], false],
  ['Ack', 0x41, ['node'], true],
  ['Data', 0x44, ['node'], false],
  ['Echo', 0x45, ['node'], true],
  ['Request', 0x52, ['node'], true],
  ['Reset', 0x53, ['node'], true],
  ['Test', 0x54, ['node'], true],
  ['Report', 0x7b, ['node'], false],
];

test('the built-in messages are those of the field', (t) => {
  const shipped = opcodes
    .messages()
    .map(({ name, opcode, from, listeners }) => [name, opcode, from, listeners]);
  t.deepEqual(
    shipped,
    FIELD_MESSAGES.map((row) => [...row]),
  );
});

test('an opcode is only recognized from its allowed senders', (t) => {
  t.is(opcodes.findMessage(0x44, 'node')?.name, 'Data');
  t.is(opcodes.findMessage(0x44, 'root'), undefined);
  t.is(opcodes.findMessage(0x02, 'root')?.name, 'NodeInfo');
  t.is(opcodes.findMessage(0x99, 'node'), undefined);
});

/** Name, executor, shortest request, whether it is exactly that. */
const FIELD_COMMANDS: readonly (readonly [string, string, number, boolean])[] = [
  ['SEND-', 'root', 8, false],
  ['SENDI', 'root', 8, false],
  ['BCAST', 'root', 8, false],
  ['RST-R', 'root', 5, true],
  ['CLEAN', 'root', 5, true],
  ['NINFO', 'gateway', 5, true],
  ['GETDF', 'gateway', 5, true],
  ['NSTAT', 'gateway', 5, true],
  ['NETIF', 'gateway', 6, true],
  ['[GET]', 'gateway', 8, false],
  ['ACT-C', 'gateway', 5, true],
  ['W-LOG', 'gateway', 6, false],
  ['W-RBT', 'gateway', 6, false],
  ['STATE', 'edge', 5, true],
];

for (const [name, executor, minLength, fixedLength] of FIELD_COMMANDS) {
  test(`${name} is executed by ${executor} and takes ${fixedLength ? '' : 'at least '}${minLength} bytes`, (t) => {
    t.like(opcodes.findCommand(name), { executor, minLength, fixedLength });
  });
}

test('the gateway has no other built-in commands', (t) => {
  t.is(opcodes.commands().length, FIELD_COMMANDS.length);
  t.is(opcodes.findCommand('NOPE-'), undefined);
});

test('a site adds an opcode and a pass-through command by JSON alone', (t) => {
  const table = readTable(OPCODES_FILE);
  table.messages?.push(message);
  table.commands?.push(command);
  const tables = loadTables(temporaryFile(t, 'opcodes.json', table), DATA_TYPES_FILE);
  t.like(tables.opcodes.findCommand('LED-1'), { executor: 'root', minLength: 8, fixedLength: true });
  const body = bytesOf('00 05 60 01 02');
  t.like(decodeMessage(body, tables), { kind: 'opaque', opcode: { name: 'Mine', listeners: true } });
  t.like(decodeMessage(body, shippedTables), { kind: 'unknown', code: 0x60 });
});

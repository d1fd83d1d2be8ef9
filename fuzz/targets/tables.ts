/** opcodes.json and data-types.json: the first byte selects which of the two the rest is. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { loadDataTypes } from '../../src/protocol/data-types-file.js';
import { decodeMessage } from '../../src/protocol/message.js';
import { Opcodes } from '../../src/protocol/opcodes.js';
import { findCommandFault } from '../../src/socket/classic/commands.js';
import { DATA_TYPES_FILE, OPCODES_FILE, shippedTables } from '../../test/support/tables.js';
import { must, type Target } from '../target.js';
import { outcomeOf, TextFile } from './text-file.js';

const opcodes = readFileSync(OPCODES_FILE);
const dataTypes = readFileSync(DATA_TYPES_FILE);
const file = new TextFile('table.json');
const BODY = Buffer.from('0005440200070101020304050600', 'hex');

export const tablesTarget: Target = {
  name: 'tables',
  words: [
    '"name"',
    '"id"',
    '"length"',
    '"fields"',
    '"opcode"',
    '"json"',
    '"u8"',
    '"i24"',
    '"le"',
    '0x',
    ':',
    '[',
    ']',
  ],
  inputs: fc
    .tuple(fc.constantFrom<[string, Buffer]>(['o', opcodes], ['d', dataTypes]), fc.nat(), fc.nat(255))
    .map(([[which, table], at, byte]) => {
      const changed = Buffer.from(table);
      changed[at % table.length] = byte;
      return Buffer.concat([Buffer.from(which), changed]);
    }),
  run(input) {
    file.write(input.subarray(1));
    return input[0] === 0x6f ? runOpcodes() : runDataTypes();
  },
};

function runOpcodes(): string {
  return `opcodes ${outcomeOf('BAD_TABLE', () => {
    const table = Opcodes.load(file.path, shippedTables.dataTypes);
    findCommandFault(table);
    const message = decodeMessage(BODY, { opcodes: table, dataTypes: shippedTables.dataTypes });
    must(message.body.length === BODY.length, 'the body has changed');
  })}`;
}

function runDataTypes(): string {
  return `types ${outcomeOf('BAD_TABLE', () => {
    const table = loadDataTypes(file.path);
    decodeMessage(BODY, { opcodes: shippedTables.opcodes, dataTypes: table });
  })}`;
}

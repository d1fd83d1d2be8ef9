import type { Config } from '../config/schema.js';
import { loadDataTypes } from '../protocol/data-types-file.js';
import { badTable } from '../protocol/json-table.js';
import type { Tables } from '../protocol/message.js';
import { Opcodes } from '../protocol/opcodes.js';
import { findCommandFault } from '../socket/classic/commands.js';

/** Reads opcodes.json and the data types file. Throws `BAD_TABLE` with file, key and reason. */
export function loadTables(config: Config): Tables {
  const dataTypes = loadDataTypes(config.data_types);
  const opcodes = Opcodes.load(config.opcodes, dataTypes);
  const fault = findCommandFault(opcodes);
  if (fault !== undefined) throw badTable(config.opcodes, 'commands', fault);
  return { opcodes, dataTypes };
}

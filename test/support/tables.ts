import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { loadDataTypes } from '../../src/protocol/data-types-file.js';
import type { Tables } from '../../src/protocol/message.js';
import { Opcodes } from '../../src/protocol/opcodes.js';

export const OPCODES_FILE = join(packageRoot, 'opcodes.json');
export const DATA_TYPES_FILE = join(packageRoot, 'data-types.json');

/** The tables that are shipped with the gateway. */
export const shippedTables: Tables = loadTables(OPCODES_FILE, DATA_TYPES_FILE);

export function loadTables(opcodesFile: string, dataTypesFile: string): Tables {
  const dataTypes = loadDataTypes(dataTypesFile);
  return { dataTypes, opcodes: Opcodes.load(opcodesFile, dataTypes) };
}

/** A table file as JSON, to be changed by a test. */
export function readTable(file: string): Record<string, unknown[]> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown[]>;
}

/** Writes a file that is removed after the test; text unchanged, anything else as JSON. Returns its path. */
export function temporaryFile(t: ExecutionContext, name: string, content: unknown): string {
  const directory = mkdtempSync(join(tmpdir(), 'meshgate-tables-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

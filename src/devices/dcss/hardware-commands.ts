/** What devices of a hardware server can be commanded to do. */
import type { DcssDevice } from '../../config/sections/dcss.js';
import type { CommandDefinition } from '../../hub/command-definition.js';

/** An operation may take its time; each update is progress. */
const OPERATION_MS = 600_000;
const MAX_ARGUMENTS = 1800;
const MAX_READING_S = 3600;

export function commandsOf({ kind, lower, upper }: DcssDevice): CommandDefinition[] {
  const number = { name: 'position', type: 'number', min: lower, max: upper } as const;
  switch (kind) {
    case 'motor':
      return [
        {
          name: 'move',
          summary: 'Move the motor',
          arguments: [number],
          isHazardous: true,
          isAbortable: true,
          timeoutMs: OPERATION_MS,
        },
        { name: 'set-position', summary: 'Define the position, without motion', arguments: [number] },
      ];
    case 'shutter':
      return [
        {
          name: 'set',
          summary: 'Open or close the shutter',
          arguments: [{ name: 'state', type: 'choice', choices: ['open', 'closed'] }],
          isHazardous: true,
        },
      ];
    case 'string':
      return [
        {
          name: 'set',
          summary: 'Set the contents',
          arguments: [{ name: 'contents', type: 'text', min: 0, max: MAX_ARGUMENTS }],
        },
      ];
    case 'ion_chamber':
      return [
        {
          name: 'read',
          summary: 'Count for a time',
          arguments: [
            { name: 'seconds', type: 'number', unit: 's', min: 0.001, max: MAX_READING_S, default: 1 },
          ],
          timeoutMs: (MAX_READING_S + 60) * 1000,
        },
      ];
    case 'encoder':
      return [
        { name: 'read', summary: 'Read the position', arguments: [] },
        { name: 'set', summary: 'Define the position', arguments: [number] },
      ];
    case 'operation':
      return [];
  }
}

/** Of the hardware server itself: its operations, and the end of everything. */
export function commandsOfServer(operations: readonly string[]): CommandDefinition[] {
  const given = {
    name: 'arguments',
    type: 'text',
    min: 0,
    max: MAX_ARGUMENTS,
    default: '',
    summary: 'separated by spaces',
  } as const;
  return [
    ...operations.map((name) => ({
      name,
      summary: `The operation ${name}`,
      arguments: [given],
      isAbortable: true,
      timeoutMs: OPERATION_MS,
    })),
    {
      name: 'abort-all',
      summary: 'End all operations and moves',
      arguments: [{ name: 'how', type: 'choice', choices: ['soft', 'hard'], default: 'soft' }],
    },
  ];
}

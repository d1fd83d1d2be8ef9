/** What the ventilator can be commanded to do, and the payload of each command. */

import type { AddressClass } from '../../codecs/hev/frame.js';
import {
  commandName,
  F32_MAX,
  PARAM_LIMITS,
  PERSONAL_COMMAND,
  PERSONAL_LENGTHS,
  SENDABLE_FAMILIES,
} from '../../codecs/hev/in-hub.js';
import { CMD_TYPE, COMMAND_CODES, type CommandFamily } from '../../codecs/hev/names.js';
import { encodePayload } from '../../codecs/hev/payload.js';
import type { ArgumentValues, CommandArgument, CommandDefinition } from '../../hub/command-definition.js';

export interface OutgoingPayload {
  readonly address: AddressClass;
  readonly bytes: Buffer;
}

/** Families that only ask, or set when an alarm is raised. */
const HARMLESS = /^GET_|^SET_THRESHOLD_/;

const whole = (name: string): CommandArgument => ({ name, type: 'integer', min: 0, max: 255, default: 0 });
const text = (name: keyof typeof PERSONAL_LENGTHS): CommandArgument => ({
  name,
  type: 'text',
  max: PERSONAL_LENGTHS[name],
  default: '',
});

const PERSONAL: CommandDefinition = {
  name: PERSONAL_COMMAND,
  summary: 'Set the particulars shown for the test lung',
  arguments: [text('name'), text('patient_id'), whole('age'), text('sex'), whole('height'), whole('weight')],
};

export const COMMANDS: readonly CommandDefinition[] = [...SENDABLE_FAMILIES.map(definitionOf), PERSONAL];

const FAMILIES: ReadonlyMap<string, CommandFamily> = new Map(
  SENDABLE_FAMILIES.map((family) => [commandName(family), family]),
);

function definitionOf(family: CommandFamily): CommandDefinition {
  const { min = -F32_MAX, max = F32_MAX, ...others } = PARAM_LIMITS[family] ?? {};
  return {
    name: commandName(family),
    summary: `Send CMD ${family}`,
    arguments: [
      { name: 'code', type: 'choice', choices: Object.keys(COMMAND_CODES[family] ?? {}) },
      { name: 'param', type: 'number', default: 0, min, max, ...others },
    ],
    isHazardous: !HARMLESS.test(family),
  };
}

/** `values`: checked against the definition of the command. */
export function payloadOf(command: string, values: ArgumentValues): OutgoingPayload | undefined {
  if (command === PERSONAL_COMMAND)
    return { address: 'data', bytes: encodePayload('PERSONAL', plain(values)) };
  const family = FAMILIES.get(command);
  if (!family) return undefined;
  const fields = {
    cmd_type: CMD_TYPE[family],
    cmd_code: COMMAND_CODES[family]?.[String(values.code)] ?? 0,
    param: Number(values.param),
  };
  return { address: 'command', bytes: encodePayload('CMD', fields) };
}

function plain(values: ArgumentValues): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'boolean' ? Number(value) : value]),
  );
}

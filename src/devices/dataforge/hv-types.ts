/** The device `hv:1`: its address, data types and commands. */
import type { CommandArgument, CommandDefinition } from '../../hub/command-definition.js';
import type { DataType } from '../../protocol/data-types.js';

/** 0x10200 + block. */
export const HV_ADDRESS = 0x10201;
export const HV_ID = 'hv:1';

const volts = (id: number, type: string, field: string): DataType => ({
  name: type,
  id,
  length: 8,
  varying: false,
  fields: [{ name: field, type: 'f64', littleEndian: true, size: 8, offset: 0, scale: 1, unit: 'V' }],
});

export const VOLTAGE = volts(0x200, 'HvVoltage', 'voltage');
export const SETPOINT = volts(0x201, 'HvSetpoint', 'setpoint');

/** Of a check, s. */
export const MAX_TIMEOUT_S = 3600;
/** Of a supply without a limit, which can only be the virtual one. */
const NO_LIMIT = 1e9;

export function hvCommands(maxVoltage = NO_LIMIT): CommandDefinition[] {
  const voltage: CommandArgument = {
    name: 'voltage',
    type: 'number',
    summary: 'set point',
    unit: 'V',
    min: -maxVoltage,
    max: maxVoltage,
  };
  return [
    {
      name: 'set_voltage',
      summary: 'Set the voltage',
      isHazardous: true,
      arguments: [voltage],
    },
    {
      name: 'set_voltage_and_check',
      summary: 'Set the voltage, and check that it is reached',
      isHazardous: true,
      isAbortable: true,
      arguments: [
        voltage,
        {
          name: 'max_error',
          type: 'number',
          summary: 'greatest deviation',
          unit: 'V',
          min: 0,
          max: NO_LIMIT,
        },
        { name: 'timeout', type: 'number', summary: 'for the check', unit: 's', min: 0, max: MAX_TIMEOUT_S },
      ],
    },
  ];
}

export function voltBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** Home Assistant's classes for a field: from data-types.json, else derived from its unit. */
import type { DataType, SensorClasses, ValueNames } from '../../protocol/data-types.js';

export interface SensorKeys {
  readonly unit_of_measurement?: string;
  readonly device_class?: string;
  readonly state_class?: string;
}

/** With the micro sign, U+00B5, which every version accepts; the letter mu, U+03BC, only since 2025.9. */
const MICROSIEMENS = '\u00b5S/cm';

/** Units that Home Assistant spells differently. */
const UNITS: Readonly<Record<string, string>> = {
  deg: '°',
  'uS/cm': MICROSIEMENS,
  '\u03bcS/cm': MICROSIEMENS,
};

/** Units that imply one device class, in Home Assistant's spelling. */
const CLASS_BY_UNIT: Readonly<Record<string, string>> = {
  '°C': 'temperature',
  '°F': 'temperature',
  K: 'temperature',
  V: 'voltage',
  mV: 'voltage',
  A: 'current',
  mA: 'current',
  W: 'power',
  kW: 'power',
  Hz: 'frequency',
  kHz: 'frequency',
  Pa: 'pressure',
  hPa: 'pressure',
  kPa: 'pressure',
  bar: 'pressure',
  mbar: 'pressure',
  lx: 'illuminance',
  'W/m²': 'irradiance',
  [MICROSIEMENS]: 'conductivity',
  dBm: 'signal_strength',
  'm/s': 'speed',
  'km/h': 'speed',
  ms: 'duration',
  s: 'duration',
  min: 'duration',
  h: 'duration',
};

/** Percentages need the field's name to decide. */
const PERCENTAGES: readonly (readonly [RegExp, string])[] = [
  [/batter/i, 'battery'],
  [/moist/i, 'moisture'],
  [/humid/i, 'humidity'],
];

interface Field {
  readonly type: string;
  readonly name: string;
  readonly unit: string | undefined;
}

export function sensorClasses({ type, name, unit }: Field, dataType: DataType | undefined): SensorKeys {
  const known: SensorClasses = findField(name, dataType) ?? {};
  const shown = unit === undefined ? undefined : (UNITS[unit] ?? unit);
  const deviceClass = known.deviceClass ?? classOf(`${type} ${name}`, shown);
  return {
    ...(shown !== undefined && { unit_of_measurement: shown }),
    ...(deviceClass !== undefined && { device_class: deviceClass }),
    state_class: known.stateClass ?? 'measurement',
  };
}

/** Of an enumeration: what its numbers, as published, stand for. Scaled numbers are not those that have names. */
export function namesOf(name: string, dataType: DataType | undefined): ValueNames | undefined {
  const { names, scale = 1 } = findField(name, dataType) ?? {};
  return names !== undefined && scale === 1 && Object.keys(names).length > 0 ? names : undefined;
}

interface KnownField extends SensorClasses {
  readonly name: string;
  readonly scale: number;
  readonly names?: ValueNames;
}

function findField(name: string, dataType: DataType | undefined): KnownField | undefined {
  const fields: readonly KnownField[] = dataType?.json?.fields ?? dataType?.fields ?? [];
  return fields.find((field) => field.name === name);
}

function classOf(words: string, unit: string | undefined): string | undefined {
  if (unit === '%') return PERCENTAGES.find(([word]) => word.test(words))?.[1];
  return unit === undefined ? undefined : CLASS_BY_UNIT[unit];
}

import { formatNumber } from '../../base/number-text.js';
import type { Value } from '../../client/index.js';

type Fields = Value['fields'];

/**
 * A value for people: `longitude -123.291 deg, latitude 44.576 deg`. A single field needs no name: the type says it.
 * Without fields: the bytes.
 */
export function formatValue({ fields, bytes }: Pick<Value, 'fields' | 'bytes'>): string {
  const entries = Object.entries(fields);
  const [only] = entries;
  if (!only) return bytes;
  if (entries.length === 1) return formatField(only[1]);
  return entries.map(([name, field]) => `${name} ${formatField(field)}`).join(', ');
}

/** `Sequence 17`, `GPS longitude -123.291 deg, latitude 44.576 deg`. */
export function formatNamedValue(value: Pick<Value, 'type' | 'fields' | 'bytes'>): string {
  return `${value.type} ${formatValue(value)}`;
}

export function formatNamedValues(values: readonly Pick<Value, 'type' | 'fields' | 'bytes'>[]): string {
  return values.map(formatNamedValue).join(' · ');
}

/** A value of an enumeration is shown by its name. */
function formatField({ value, name, unit }: Fields[string]): string {
  if (name !== undefined) return name;
  const text = formatNumberOrText(value);
  return unit === undefined ? text : `${text} ${unit}`;
}

export function formatNumberOrText(value: number | string): string {
  return typeof value === 'string' ? value : formatNumber(value);
}

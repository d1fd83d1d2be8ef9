/** Lines to send with arguments in them: `VOLT {voltage}`, `VOLT {voltage:3}` with 3 decimals; `{{` is a brace. */
import type { ArgumentValue, ArgumentValues } from '../../hub/command-definition.js';
import { badDeviceSetting } from '../device.js';

export interface Template {
  readonly names: readonly string[];
  render(values: ArgumentValues): string;
}

const PART = /\{\{|\{([^{}]*)\}|\{|[^{]+/g;
const REFERENCE = /^([\w:.-]+?)(?::(\d{1,2}))?$/;
const MAX_DECIMALS = 20;

interface Reference {
  readonly name: string;
  readonly decimals: number | undefined;
}

/** Throws `BAD_CONFIG` for a brace that is not closed or has no argument's name in it. */
export function parseTemplate(place: string, text: string): Template {
  const parts = [...text.matchAll(PART)].map(([whole, inner]): string | Reference => {
    if (whole === '{{') return '{';
    if (inner === undefined && whole !== '{') return whole;
    const [, name, decimals] = REFERENCE.exec(inner ?? '') ?? [];
    if (name === undefined || Number(decimals ?? 0) > MAX_DECIMALS)
      throw badDeviceSetting(
        place,
        text,
        `"${whole}" is not {NAME} or {NAME:DECIMALS}; write {{ for a brace`,
      );
    return { name, decimals: decimals === undefined ? undefined : Number(decimals) };
  });
  return {
    names: parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name])),
    render: (values) =>
      parts.map((part) => (typeof part === 'string' ? part : format(values[part.name], part))).join(''),
  };
}

/** A switch is sent as 1 or 0. */
function format(value: ArgumentValue | undefined, { decimals }: Reference): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number' && decimals !== undefined) return value.toFixed(decimals);
  return String(value ?? '');
}

/** `samples`: lines that the settings say must be read, checked at start. */
import { decodeValue } from '../../protocol/data-types.js';
import { badDeviceSetting } from '../device.js';
import { encodeValues, type LineValues, type MessageReader } from './message-reader.js';
import type { MessageTable } from './section.js';

type Sample = MessageTable['samples'][number];

/** `readers`: in the order in which lines are offered to them. Throws `BAD_CONFIG` with the line and what reads it. */
export function checkSamples(
  reader: MessageReader,
  samples: readonly Sample[],
  readers: readonly MessageReader[] = [reader],
): void {
  for (const [index, sample] of samples.entries()) {
    const { line, fields } = typeof sample === 'string' ? { line: sample, fields: {} } : sample;
    const fault = findFault(reader, line, fields, readers);
    if (fault !== undefined) throw badDeviceSetting(`${reader.place}.samples.${index}`, line, fault);
  }
}

function findFault(
  reader: MessageReader,
  line: string,
  expected: Readonly<Record<string, number | string>>,
  readers: readonly MessageReader[],
): string | undefined {
  const values = reader.read(line);
  if (!values) return `not read by ${reader.description}${expectedText(expected)}`;
  const [invalid] = values.invalid;
  if (invalid !== undefined)
    return `${invalid} is not valid in ${reader.description}${expectedText(expected)}`;
  const first = readers.find((candidate) => candidate.read(line));
  if (first && first !== reader) return `read by ${first.place} first, by ${first.description}`;
  return findDifference(reader, values, expected);
}

function expectedText(expected: Readonly<Record<string, number | string>>): string {
  const parts = Object.entries(expected).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return parts.length === 0 ? '' : `; expected ${parts.join(', ')}`;
}

/** A field is as clients see it: scaled; for an enumeration, the number or its name. */
function findDifference(
  { type, description }: MessageReader,
  values: LineValues,
  expected: Readonly<Record<string, number | string>>,
): string | undefined {
  const decoded = decodeValue(type, encodeValues(values));
  for (const [name, wanted] of Object.entries(expected)) {
    const found = decoded[name];
    if (found && (found.value === wanted || found.name === wanted)) continue;
    const got = found ? JSON.stringify(found.name ?? found.value) : 'nothing';
    return `${name} is ${got} by ${description}; expected ${JSON.stringify(wanted)}`;
  }
  return undefined;
}

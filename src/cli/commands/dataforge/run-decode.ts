/** `meshgate dataforge decode`. */
import { cleanText } from '../../../base/clean-text.js';
import { DATA_TYPES, ENVELOPE_FAULTS } from '../../../codecs/dataforge/envelope.js';
import { decodeFile, type FileEntry, type FileEnvelope } from '../../../codecs/dataforge/envelope-file.js';
import { decodeBinaryPoints, decodeTextPoints, type VoltagePoint } from '../../../codecs/dataforge/points.js';
import { unpackData } from '../../../codecs/dataforge/unpack.js';
import { EXIT, endWith } from '../../exit-codes.js';
import { readInput } from '../../files.js';
import { print, printJsonLine } from '../../output.js';
import { formatBytesAmount } from '../../text/numbers.js';

/** Bytes of the data of one envelope, unpacked. */
const MAX_UNPACKED = 268_435_456;
const FAULTS = { ...ENVELOPE_FAULTS, cutOff: 'the file ends inside this envelope' } as const;
const OFFSET_WIDTH = 10;

/** Exits with 1 if something could not be read. */
export async function runDecode(file: string, isJson: boolean): Promise<void> {
  const bytes = await readInput(file);
  for (const entry of decodeFile(bytes)) {
    if (entry.kind !== 'envelope') endWith(EXIT.failed);
    if (isJson) printJsonLine(jsonOf(entry));
    else print(formatEntry(entry));
  }
}

function jsonOf(entry: FileEntry): object {
  const { offset, kind } = entry;
  if (kind === 'skipped') return { offset, skipped: entry.length };
  if (kind === 'fault') return { offset, fault: entry.fault };
  const { form, meta, dataType } = entry.envelope;
  const data = unpackData(entry.envelope, MAX_UNPACKED) ?? entry.envelope.data;
  return { offset, form, meta, dataType, data: data.toString('base64') };
}

export function formatEntry(entry: FileEntry): string {
  const offset = String(entry.offset).padStart(OFFSET_WIDTH);
  switch (entry.kind) {
    case 'skipped':
      return `${offset}  ${formatBytesAmount(entry.length)} that belong to no envelope\n`;
    case 'fault':
      return `${offset}  not readable: ${FAULTS[entry.fault]}\n`;
    case 'envelope':
      return `${offset}  ${formatEnvelope(entry.envelope)}`;
  }
}

function formatEnvelope(envelope: FileEnvelope): string {
  const { form, meta, data } = envelope;
  const about =
    data.length === 0 ? 'no data' : `${formatBytesAmount(data.length)} of ${typeName(envelope)} data`;
  const margin = `\n${' '.repeat(OFFSET_WIDTH + 2)}`;
  const lines = [JSON.stringify(meta), ...pointsOf(envelope).map(formatPoint)].map((line) => cleanText(line));
  return `${form}, ${about}${margin}${lines.join(margin)}\n`;
}

function typeName({ dataType }: FileEnvelope): string {
  const found = Object.entries(DATA_TYPES).find(([, id]) => id === dataType);
  return found?.[0] ?? `type 0x${dataType.toString(16)}`;
}

function pointsOf(envelope: FileEnvelope): readonly VoltagePoint[] {
  const data = unpackData(envelope, MAX_UNPACKED);
  if (!data) return [];
  if (envelope.dataType === DATA_TYPES.hvBinary) return decodeBinaryPoints(data) ?? [];
  return envelope.dataType === DATA_TYPES.hvText ? (decodeTextPoints(data) ?? []) : [];
}

function formatPoint({ block, at, volts }: VoltagePoint): string {
  return `block ${block}  ${new Date(at).toISOString()}  ${volts} V`;
}

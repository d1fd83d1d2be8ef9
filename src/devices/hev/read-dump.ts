/** Dump files for the emulator. */
import { readFile, stat } from 'node:fs/promises';
import { parseDumpLine } from '../../codecs/hev/dump.js';
import { decodePayload, PAYLOAD_FAULTS, type Payload } from '../../codecs/hev/payload.js';

/** All of it is held in memory: two hours of a busy line. */
const MAX_DUMP_BYTES = 67_108_864;

/** Rejects with an error for people. */
export async function readDumpFile(path: string): Promise<readonly Payload[]> {
  const { size } = await stat(path);
  if (size > MAX_DUMP_BYTES) throw new RangeError(`larger than ${MAX_DUMP_BYTES} bytes`);
  return readDump(await readFile(path, 'latin1'));
}

/** The payloads of a dump file. Throws a `RangeError` that names the line that is none. */
export function readDump(text: string): readonly Payload[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new RangeError('no payload in the file');
  return lines.map((line, index) => {
    const bytes = parseDumpLine(line);
    const payload = bytes ? decodePayload(bytes) : undefined;
    if (payload === undefined) throw new RangeError(`line ${index + 1} is not of the form b'<hex>'`);
    if (typeof payload === 'string') throw new RangeError(`line ${index + 1}: ${PAYLOAD_FAULTS[payload]}`);
    return payload;
  });
}

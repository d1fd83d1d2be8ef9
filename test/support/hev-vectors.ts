/** test/vectors/hev.json: frames, payloads and a dump line of the ventilator's serial line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { packageRoot } from '../../src/base/package-root.js';
import type { HevFrame } from '../../src/codecs/hev/frame.js';
import { encodePayload, PAYLOAD_NAMES } from '../../src/codecs/hev/payload.js';

const payload = z.strictObject({
  type: z.enum(PAYLOAD_NAMES),
  timestamp: z.int(),
  values: z.record(z.string(), z.number()),
});

const common = {
  name: z.string(),
  address: z.enum(['alarm', 'command', 'data']),
  number: z.int(),
  wire: z.string(),
};

const file = z.strictObject({
  frames: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ ...common, kind: z.literal('information'), payload }),
      z.strictObject({ ...common, kind: z.enum(['ack', 'nack']) }),
    ]),
  ),
  lengths: z.record(z.enum(PAYLOAD_NAMES), z.int()),
  dumpLine: z.strictObject({ wire: z.string(), line: z.string() }),
});

const parsed = file.parse(JSON.parse(readFileSync(join(packageRoot, 'test/vectors/hev.json'), 'utf8')));

export const hevVectors = {
  ...parsed,
  frames: parsed.frames.map((row) => {
    const { name, address, number } = row;
    const frame: HevFrame =
      row.kind === 'information'
        ? { kind: row.kind, address, number, info: infoOf(row.payload) }
        : { kind: row.kind, address, number };
    const given = row.kind === 'information' ? row.payload : undefined;
    return {
      name,
      frame,
      wire: Buffer.from(row.wire.replaceAll(' ', ''), 'hex'),
      ...(given && { payload: given }),
    };
  }),
};

function infoOf({ type, values, timestamp }: z.output<typeof payload>): Buffer {
  return encodePayload(type, values, timestamp);
}

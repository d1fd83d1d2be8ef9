/** The wire book: test/vectors/*.json, which the tests and docs/protocol.md share. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { packageRoot } from '../../src/base/package-root.js';

const named = { name: z.string().min(1), meaning: z.string().min(1) };
const counts = z.record(z.string(), z.int().min(1)).default({});
const direction = z.enum(['both', 'decode']);
const listedNode = z.strictObject({ address: z.string(), uuid: z.string() });
const from = { from: z.string() };

const framePair = z.strictObject({ ...named, body: z.string(), wire: z.string() });

const decoderRule = z.strictObject({
  ...named,
  /** The sentence of protocol.md that this is an example of. */
  rule: z.string().min(1),
  wire: z.string(),
  bodies: z.array(z.string()),
  console: z.array(z.string()).default([]),
  /** Bytes outside frames. */
  discarded: z.int().default(0),
  drops: counts,
  noise: counts,
});

const reportedValue = z.strictObject({
  type: z.string(),
  bytes: z.string(),
  deviceTime: z.iso.datetime().optional(),
  fields: z.record(z.string(), z.union([z.number(), z.string()])),
});

const says = z.discriminatedUnion('kind', [
  z.strictObject({
    ...from,
    kind: z.literal('netInfo'),
    opcode: z.string(),
    nodes: z.array(listedNode),
  }),
  z.strictObject({ ...from, kind: z.literal('nodeInfo'), opcode: z.string(), node: listedNode }),
  z.strictObject({ ...from, kind: z.literal('rootReset'), opcode: z.string(), text: z.string() }),
  z.strictObject({
    ...from,
    kind: z.literal('pathInfo'),
    opcode: z.string(),
    paths: z.array(z.strictObject({ origin: z.string(), target: z.string() })),
  }),
  z.strictObject({
    ...from,
    kind: z.literal('values'),
    opcode: z.string(),
    values: z.array(reportedValue),
  }),
  z.strictObject({ ...from, kind: z.literal('opaque'), opcode: z.string(), payload: z.string() }),
  z.strictObject({
    ...from,
    kind: z.literal('text'),
    text: z.string(),
    complaintAbout: z.string().optional(),
  }),
  z.strictObject({ ...from, kind: z.literal('unknown'), code: z.string() }),
  z.strictObject({
    ...from,
    kind: z.literal('malformed'),
    reason: z.string(),
    offset: z.int().min(0),
  }),
]);

const message = z.strictObject({ ...named, body: z.string(), direction, says, listeners: z.boolean() });

const command = z.union([
  z.strictObject({
    kind: z.literal('send'),
    to: z.string(),
    tracked: z.boolean(),
    message: z.string(),
  }),
  z.strictObject({ kind: z.literal('broadcast'), message: z.string() }),
  z.strictObject({ kind: z.enum(['resetRoot', 'clean', 'listNodes', 'listPaths']) }),
  z.strictObject({ kind: z.literal('other'), bytes: z.string() }),
  z.enum(['tooShort', 'noAddress', 'noMessage']),
]);

const rootCommand = z.strictObject({ ...named, body: z.string(), direction, command });

export type MessageSays = z.output<typeof says>;
export type CommandVector = z.output<typeof command>;

const about = z.string().min(1);

/** Bodies and their frames, and the decoder's results for any line. */
export const frameVectors = load(
  'frames.json',
  z.strictObject({ about, frames: z.array(framePair), rules: z.array(decoderRule) }),
);

/** Bodies from the root. */
export const messageVectors = load(
  'messages.json',
  z.strictObject({ about, messages: z.array(message) }),
).messages;

/** Bodies to the root. */
export const rootCommandVectors = load(
  'root-commands.json',
  z.strictObject({ about, commands: z.array(rootCommand) }),
).commands;

function load<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  return schema.parse(JSON.parse(readFileSync(join(packageRoot, 'test/vectors', file), 'utf8')));
}

/** test/vectors/classic.json: requests of the classic dialect and their outcomes. docs/protocol.md shows the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { packageRoot } from '../../src/base/package-root.js';
import { addressBytes } from '../../src/protocol/address.js';
import { bytesOf } from './hex.js';

const hex = z.string().transform(bytesOf);

const meaning = z.string().regex(/\.$/);

const bodySchema = z.union([
  z.strictObject({ hex, meaning }).transform(({ hex: body }) => [body]),
  /** The same payload from many nodes, numbered from `firstNode` upward. */
  z
    .strictObject({ payload: hex, firstNode: z.int(), nodes: z.int(), meaning })
    .transform(({ payload, firstNode, nodes }) =>
      Array.from({ length: nodes }, (_, index) => Buffer.concat([addressBytes(firstNode + index), payload])),
    ),
]);

const pictureSchema = z.strictObject({ meaning, bodies: z.array(bodySchema) });

const vectorSchema = z.strictObject({
  name: z.string(),
  meaning,
  /** Earlier messages of the root. */
  picture: z.string(),
  /** `full`: the port accepts nothing, and the send queue is full. */
  link: z.enum(['up', 'absent', 'full']).default('up'),
  request: hex,
  /** How the gateway knows that the request is complete. */
  complete: z.enum(['length', 'type', 'silence', 'timeout', 'refusal']),
  /** Frames sent to the root. */
  toUart: z.array(hex).default([]),
  /** Bodies that the root answers with. */
  rootAnswers: z.array(hex).default([]),
  reply: hex,
  /** JSON text that follows `reply`. */
  replyJson: z.json().optional(),
});

const fileSchema = z.strictObject({
  /** The time of day in every vector, ms since the epoch. */
  now: z.int(),
  pictures: z.record(z.string(), pictureSchema),
  vectors: z.array(vectorSchema),
});

export type ClassicVector = Omit<z.output<typeof vectorSchema>, 'picture'> & {
  /** Bodies from the root, oldest first. */
  readonly picture: readonly Buffer[];
};

export interface ClassicVectors {
  readonly now: number;
  readonly vectors: readonly ClassicVector[];
}

export function loadClassicVectors(): ClassicVectors {
  const file = join(packageRoot, 'test', 'vectors', 'classic.json');
  const { now, pictures, vectors } = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return {
    now,
    vectors: vectors.map(({ picture: name, ...vector }) => {
      const picture = pictures[name];
      if (!picture) throw new Error(`${vector.name}: there is no picture ${name}`);
      return { ...vector, picture: picture.bodies.flat() };
    }),
  };
}

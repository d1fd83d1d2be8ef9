/** The virtual mesh of `simulate = true`. */
import * as z from 'zod';
import { number, section, text, whole } from '../fields.js';

const GENERATION = 'must be 1, 2 or 3';
const generation = z
  .union([z.literal([1, 2, 3]), z.enum(['1', '2', '3'])], { error: GENERATION })
  .transform((given) => Number(given) as 1 | 2 | 3);

const FAULTS = 'must be the name of a preset or the path of a fault file';

export const simulationSection = section({
  nodes: whole(0, 32_000).default(12),
  seed: whole(0, 4_294_967_295).default(1),
  /** Data messages per node and second. */
  rate_hz: number(0, 1000, 'number').default(1),
  /** Per-hop loss probability. */
  loss: number(0, 1, 'number').default(0.01),
  /** Firmware generation of the root and its nodes. */
  generation: generation.default(2),
  /** Name of a preset, or path of a fault file. */
  faults: text(FAULTS).min(1, { error: FAULTS }).optional(),
});

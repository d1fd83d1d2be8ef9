import type { Random } from './random.js';

/** How long something takes at least and at most, virtual milliseconds. */
export interface Span {
  readonly min: number;
  readonly max: number;
}

export function drawFrom(random: Random, { min, max }: Span): number {
  return random.between(min, max);
}

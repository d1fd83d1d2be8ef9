import type { Random } from './random.js';

/** Minimum and maximum duration, virtual milliseconds. */
export interface Span {
  readonly min: number;
  readonly max: number;
}

export function drawFrom(random: Random, { min, max }: Span): number {
  return random.between(min, max);
}

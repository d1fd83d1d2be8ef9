import type { Random } from './random.js';
import { drawFrom, type Span } from './span.js';
import type { Timeline } from './timeline.js';

export const DEFAULT_AWAY_MS: Span = { min: 60_000, max: 300_000 };

export interface ChurnOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  /** Fraction of time that a device is away, from 0 to less than 1. */
  readonly share: number;
  readonly awayMs: Span;
  onGone(): void;
  onBack(): void;
}

/** Repeatedly takes a device away for a while. */
export function startChurn(options: ChurnOptions): void {
  const { share, awayMs } = options;
  const meanAwayMs = (awayMs.min + awayMs.max) / 2;
  if (share > 0) awaitLeaving(options, (meanAwayMs * (1 - share)) / share);
}

function awaitLeaving(options: ChurnOptions, meanPresentMs: number): void {
  const { timeline, random, onGone, onBack } = options;
  timeline.after(random.exponential(meanPresentMs), () => {
    onGone();
    timeline.after(drawFrom(random, options.awayMs), () => {
      onBack();
      awaitLeaving(options, meanPresentMs);
    });
  });
}

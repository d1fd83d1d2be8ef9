import type { Random } from './random.js';
import type { Timeline } from './timeline.js';

const AWAY_MS = { min: 60_000, max: 300_000 };
const MEAN_AWAY_MS = (AWAY_MS.min + AWAY_MS.max) / 2;

export interface ChurnOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  /** Share of its time that a device is away, 0 to less than 1. */
  readonly share: number;
  onGone(): void;
  onBack(): void;
}

/** Lets a device go for one to five minutes, and come back, again and again. */
export function startChurn(options: ChurnOptions): void {
  if (options.share > 0) awaitLeaving(options, (MEAN_AWAY_MS * (1 - options.share)) / options.share);
}

function awaitLeaving(options: ChurnOptions, meanPresentMs: number): void {
  const { timeline, random, onGone, onBack } = options;
  timeline.after(random.exponential(meanPresentMs), () => {
    onGone();
    timeline.after(random.between(AWAY_MS.min, AWAY_MS.max), () => {
      onBack();
      awaitLeaving(options, meanPresentMs);
    });
  });
}

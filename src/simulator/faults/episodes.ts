import type { Random } from '../random.js';
import { drawFrom, type Span } from '../span.js';
import type { Timeline } from '../timeline.js';

export interface EpisodeOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  /** How long all is well before each. */
  readonly after: Span;
}

/** Lets something begin again and again. `begin` calls `done` when it is over; only then the next is awaited. */
export function startEpisodes(options: EpisodeOptions, begin: (done: () => void) => void): void {
  const { timeline, random, after } = options;
  timeline.after(drawFrom(random, after), () => begin(() => startEpisodes(options, begin)));
}

import type { Random } from '../random.js';
import { drawFrom, type Span } from '../span.js';
import type { Timeline } from '../timeline.js';

export interface EpisodeOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  /** Time without the fault before each episode. */
  readonly after: Span;
}

/** Starts a fault repeatedly. `begin` calls `done` when it has ended; then the time to the next one starts. */
export function startEpisodes(options: EpisodeOptions, begin: (done: () => void) => void): void {
  const { timeline, random, after } = options;
  timeline.after(drawFrom(random, after), () => begin(() => startEpisodes(options, begin)));
}

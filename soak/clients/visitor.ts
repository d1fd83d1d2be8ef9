import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../src/simulator/random.js';
import type { Span } from '../../src/simulator/span.js';

/** What a visitor does between coming and going. */
export interface Visit {
  /** Comes; rejects when the gateway is not there. Resolves when the visit is over: `leave` aborts when it should be. */
  run(leave: AbortSignal): Promise<void>;
}

export interface VisitorOptions {
  readonly random: Random;
  readonly staysMs: Span;
  readonly awayMs: Span;
  readonly over: AbortSignal;
}

/** How often it came, and how often it found nobody or was cut off. */
export interface VisitorCounts {
  visits: number;
  failures: number;
}

/** Comes and goes until the soak is over. */
export async function comeAndGo(visit: Visit, options: VisitorOptions): Promise<VisitorCounts> {
  const { random, staysMs, awayMs, over } = options;
  const counts = { visits: 0, failures: 0 };
  while (!over.aborted) {
    await rest(random.between(awayMs.min, awayMs.max), over);
    if (over.aborted) break;
    counts.visits++;
    await stay(visit, random.between(staysMs.min, staysMs.max), over).catch(() => {
      counts.failures++;
    });
  }
  return counts;
}

/** Not by `AbortSignal.any` and `timeout`: Node 20 forgets such a signal when nothing else holds it. */
async function stay(visit: Visit, ms: number, over: AbortSignal): Promise<void> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  const timer = setTimeout(leave, ms);
  over.addEventListener('abort', leave, { once: true });
  try {
    await visit.run(leaving.signal);
  } finally {
    clearTimeout(timer);
    over.removeEventListener('abort', leave);
  }
}

/** Resolves when the time is over, or earlier with the signal. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(Math.round(ms), undefined, { signal }).catch(() => {});
}

import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../src/simulator/random.js';
import type { Span } from '../../src/simulator/span.js';

/** What a visitor does while connected. */
export interface Visit {
  /** Connects; rejects if the gateway is not running. Resolves when the visit has ended; `leave` asks for that. */
  run(leave: AbortSignal): Promise<void>;
}

export interface VisitorOptions {
  readonly random: Random;
  readonly staysMs: Span;
  readonly awayMs: Span;
  readonly over: AbortSignal;
}

/** Number of visits, and of those that failed to connect or were cut off. */
export interface VisitorCounts {
  visits: number;
  failures: number;
}

/** Visits repeatedly until the soak has ended. */
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

/** Without `AbortSignal.any` and `timeout`: Node 20 may collect such a signal while it is still needed. */
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

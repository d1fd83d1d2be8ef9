/**
 * Loaded into a process before its program (`node --import`): tells the benchmark what the process uses. What it
 * watches of the event loop it watches only when told to, since that costs.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 1;

export interface Usage {
  /** Of all its threads, since it started. */
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** Since it was asked last; 0 while the event loop is not watched. */
  readonly longestStallMs: number;
}

const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

process.on('message', (request) => {
  if (request === 'watch') loop.enable();
  const { user, system } = process.cpuUsage();
  const longestStallMs = loop.count === 0 ? 0 : loop.max / 1e6 - RESOLUTION_MS;
  loop.reset();
  process.send?.({ cpuMs: (user + system) / 1000, residentBytes: process.memoryUsage.rss(), longestStallMs });
});
process.channel?.unref();

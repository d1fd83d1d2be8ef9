import { Counters } from '../../base/counters.js';

/** Counters of the faults. */
export const FAULT_COUNTS = {
  bitsFlipped: 'bytes from the root with a flipped bit',
  bytesLost: 'bytes from the root that were lost',
  bytesDoubled: 'bytes from the root that were doubled',
  bitsFlippedToRoot: 'bytes to the root with a flipped bit',
  bytesLostToRoot: 'bytes to the root that were lost',
  bytesDoubledToRoot: 'bytes to the root that were doubled',
  logLines: 'log lines printed into a frame',
  wrongBauds: 'periods with a wrong baud rate',
  bytesGarbled: 'bytes from the root garbled by a wrong baud rate',
  bytesGarbledToRoot: 'bytes to the root garbled by a wrong baud rate',
  framesOverflowed: 'frames dropped because the line was too slow',
  halfMessages: 'frames to the root split at the end of a read block',
  resets: 'spontaneous resets of the root',
  framesCut: 'frames cut short by such a reset',
  silences: 'silences of the root or its port',
  endedByTime: 'silences ended by time',
  endedByRestart: 'silences ended by RST-R or another restart',
  endedByLines: 'silences ended by DTR/RTS',
  endedByReopen: 'silences ended by reopening the port',
  bytesStuck: 'bytes from the root lost in a stuck port',
  bytesStuckToRoot: 'bytes to the root lost in a stuck port',
  hangUps: 'hang-ups: the device was unplugged',
  storms: 'message storms',
  nodesGone: 'nodes that left',
  nodesBack: 'nodes that returned',
} as const;

export type FaultCount = keyof typeof FAULT_COUNTS;

export type FaultCounters = Counters<FaultCount>;

export function createFaultCounters(): FaultCounters {
  return new Counters(Object.keys(FAULT_COUNTS) as FaultCount[]);
}

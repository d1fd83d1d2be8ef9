import { Counters } from '../../base/counters.js';

/** What each fault has done. */
export const FAULT_COUNTS = {
  bitsFlipped: 'bytes from the root in which a bit was turned over',
  bytesLost: 'bytes from the root that were lost',
  bytesDoubled: 'bytes from the root that came twice',
  bitsFlippedToRoot: 'bytes to the root in which a bit was turned over',
  bytesLostToRoot: 'bytes to the root that were lost',
  bytesDoubledToRoot: 'bytes to the root that came twice',
  logLines: 'log lines in the middle of a frame',
  wrongBauds: 'spells of a wrong baud rate',
  bytesGarbled: 'bytes from the root that were sent in such a spell',
  bytesGarbledToRoot: 'bytes to the root that were sent in such a spell',
  framesOverflowed: 'pieces that the root could not send because the line was too slow',
  halfMessages: 'frames to the root that a block border was put into',
  resets: 'resets of the root by itself',
  framesCut: 'frames that such a reset cut short',
  silences: 'silences of the root or its port',
  endedByTime: 'silences that ended by themselves',
  endedByRestart: 'silences that RST-R ended, or another restart',
  endedByLines: 'silences that DTR/RTS ended',
  endedByReopen: 'silences that ended when the port was opened anew',
  bytesStuck: 'bytes from the root that a stuck port swallowed',
  bytesStuckToRoot: 'bytes to the root that a stuck port swallowed',
  hangUps: 'hang-ups: the device was unplugged',
  storms: 'storms of messages',
  nodesGone: 'nodes that went away',
  nodesBack: 'nodes that came back',
} as const;

export type FaultCount = keyof typeof FAULT_COUNTS;

export type FaultCounters = Counters<FaultCount>;

export function createFaultCounters(): FaultCounters {
  return new Counters(Object.keys(FAULT_COUNTS) as FaultCount[]);
}

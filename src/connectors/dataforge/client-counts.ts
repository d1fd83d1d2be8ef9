import { Counters } from '../../base/counters.js';
import type { ReadFault } from '../../codecs/dataforge/envelope-reader.js';

/** What clients send that is not carried out, and what they miss. */
const COUNTED = [
  'messages',
  'metaType',
  'notJson',
  'compression',
  'metaTooLong',
  'dataTooLong',
  'openEnded',
  'unfinished',
  'notText',
  'tooFast',
  'skippedBytes',
  'readingsDropped',
] as const;

type Counted = (typeof COUNTED)[number] | ReadFault;

export type ClientCounts = Counters<Counted>;

export function createClientCounts(): ClientCounts {
  return new Counters<Counted>(COUNTED);
}

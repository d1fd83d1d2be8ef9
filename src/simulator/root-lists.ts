import { ROOT_ADDRESS } from '../protocol/address.js';
import {
  BATCH_SIZE,
  encodeMessage,
  encodeNetInfo,
  encodePathInfo,
  type ListedNode,
  type Path,
} from '../protocol/message.js';
import type { Vocabulary } from './vocabulary.js';

/** Net Info bodies; none if there are no nodes. */
export function netInfoBodies(nodes: readonly ListedNode[], { netInfo }: Vocabulary): Buffer[] {
  return inBatches(nodes).map((batch) => encodeMessage(ROOT_ADDRESS, netInfo, encodeNetInfo(batch)));
}

/** Path Info bodies; a single empty one if there are no paths. */
export function pathInfoBodies(paths: readonly Path[], { pathInfo }: Vocabulary): Buffer[] {
  const batches = paths.length > 0 ? inBatches(paths) : [[]];
  return batches.map((batch) => encodeMessage(ROOT_ADDRESS, pathInfo, encodePathInfo(batch)));
}

function inBatches<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / BATCH_SIZE);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
  );
}

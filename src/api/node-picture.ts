/**
 * Every node as of one moment, put together in turns: pages of nodes that an event was about meanwhile are made again,
 * until what is left can be done within one step.
 */

import type { Work } from '../base/turns.js';
import type { Hub, HubEvent, NodeView } from '../hub/hub.js';
import { entriesText, MadeJson, nodePages } from './long-reply.js';

interface Page {
  /** The first address of it; it goes on to the next page's. */
  readonly from: number;
  bytes: Buffer;
}

/** As many as make some 16 KiB, in less than a millisecond. */
const NODES_OF_PAGE = 32;
/** Pages that are made again in the last step. */
const LAST_PAGES = 8;
/** Where more than those change as fast as they are made, the last step makes them all. */
const MAX_ROUNDS = 8;

/** Its result holds for the moment in which it returns. */
export function* pictureNodes(hub: Hub, describe: (node: NodeView) => unknown): Work<MadeJson> {
  const changed = new Set<number>();
  const unsubscribe = hub.feed.subscribe((event) => noteChanged(event, changed));
  yield 'long';
  try {
    const pages = yield* makePages(hub, describe);
    let stale = takeStale(pages, changed);
    for (let round = 0; stale.length > LAST_PAGES && round < MAX_ROUNDS; round++) {
      for (const index of stale) {
        makeAgain(index, pages, hub, describe);
        yield 'more';
      }
      stale = takeStale(pages, changed);
    }
    for (const index of stale) makeAgain(index, pages, hub, describe);
    return new MadeJson(joined(pages));
  } finally {
    unsubscribe();
  }
}

/** All addresses are in some page: the first begins at 0. */
function* makePages(hub: Hub, describe: (node: NodeView) => unknown): Work<Page[]> {
  const pages: Page[] = [];
  for (const nodes of nodePages(hub, 0, NODES_OF_PAGE)) {
    const from = pages.length === 0 ? 0 : (nodes[0]?.address ?? 0);
    pages.push({ from, bytes: Buffer.from(entriesText(nodes, describe)) });
    yield 'more';
  }
  return pages.length > 0 ? pages : [{ from: 0, bytes: Buffer.alloc(0) }];
}

/** A link that comes or goes changes the status of every node. */
function noteChanged(event: HubEvent, changed: Set<number>): void {
  if (event.kind === 'value' || event.kind === 'node') changed.add(event.node);
  else if (event.kind === 'message') changed.add(event.message.from);
  else if (event.kind === 'link') changed.add(EVERY_NODE);
}

const EVERY_NODE = -1;

/** Indexes of the pages that have changed, which begins anew to be noted. */
function takeStale(pages: readonly Page[], changed: Set<number>): number[] {
  const stale = new Set<number>();
  for (const address of changed) stale.add(pageOf(address, pages));
  const isEvery = changed.has(EVERY_NODE);
  changed.clear();
  return isEvery ? pages.map((_page, index) => index) : [...stale];
}

function pageOf(address: number, pages: readonly Page[]): number {
  let low = 0;
  let high = pages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pages[middle]?.from ?? 0) <= address) low = middle;
    else high = middle - 1;
  }
  return low;
}

function makeAgain(
  index: number,
  pages: readonly Page[],
  hub: Hub,
  describe: (node: NodeView) => unknown,
): void {
  const page = pages[index];
  if (!page) return;
  const end = pages[index + 1]?.from ?? Number.POSITIVE_INFINITY;
  page.bytes = Buffer.from(entriesText(nodesWithin(page.from, end, hub), describe));
}

function nodesWithin(from: number, end: number, hub: Hub): NodeView[] {
  const found: NodeView[] = [];
  for (const nodes of nodePages(hub, from, NODES_OF_PAGE)) {
    found.push(...nodes.filter(({ address }) => address < end));
    if ((nodes.at(-1)?.address ?? end) >= end) break;
  }
  return found;
}

function joined(pages: readonly Page[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (const { bytes } of pages) {
    if (bytes.length === 0) continue;
    pieces.push(pieces.length === 0 ? OPEN : COMMA, bytes);
  }
  return pieces.length === 0 ? [EMPTY] : [...pieces, CLOSE];
}

const [OPEN, COMMA, CLOSE, EMPTY] = ['[', ',', ']', '[]'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];

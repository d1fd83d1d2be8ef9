/**
 * A consistent snapshot of all nodes, built in turns: pages whose nodes changed meanwhile are rebuilt, until the rest can
 * be done in one step.
 */

import type { Work } from '../base/turns.js';
import type { Hub, HubEvent, NodeView } from '../hub/hub.js';
import { entriesText, nodePages, RawJson } from './long-reply.js';

interface Page {
  /** First address of the page, which extends to that of the next page. */
  readonly from: number;
  bytes: Buffer;
}

/** About 16 KiB of JSON, built in less than a millisecond. */
const NODES_PER_PAGE = 32;
/** Pages that may be rebuilt in the last step. */
const LAST_PAGES = 8;
/** If more pages keep changing, the last step rebuilds all of them after this many rounds. */
const MAX_ROUNDS = 8;

/** The result is valid at the moment it returns. */
export function* snapshotNodes(hub: Hub, describe: (node: NodeView) => unknown): Work<RawJson> {
  const changed = new Set<number>();
  const unsubscribe = hub.feed.subscribe((event) => noteChanged(event, changed));
  yield 'long';
  try {
    const pages = yield* buildPages(hub, describe);
    let stale = takeStale(pages, changed);
    for (let round = 0; stale.length > LAST_PAGES && round < MAX_ROUNDS; round++) {
      for (const index of stale) {
        rebuildPage(index, pages, hub, describe);
        yield 'more';
      }
      stale = takeStale(pages, changed);
    }
    for (const index of stale) rebuildPage(index, pages, hub, describe);
    return new RawJson(joined(pages));
  } finally {
    unsubscribe();
  }
}

/** The pages cover all addresses: the first begins at 0. */
function* buildPages(hub: Hub, describe: (node: NodeView) => unknown): Work<Page[]> {
  const pages: Page[] = [];
  for (const nodes of nodePages(hub, 0, NODES_PER_PAGE)) {
    const from = pages.length === 0 ? 0 : (nodes[0]?.address ?? 0);
    pages.push({ from, bytes: Buffer.from(entriesText(nodes, describe)) });
    yield 'more';
  }
  return pages.length > 0 ? pages : [{ from: 0, bytes: Buffer.alloc(0) }];
}

/** A change of the link changes the status of all nodes. */
function noteChanged(event: HubEvent, changed: Set<number>): void {
  if (event.kind === 'value' || event.kind === 'node') changed.add(event.node);
  else if (event.kind === 'message') changed.add(event.message.from);
  else if (event.kind === 'link') changed.add(EVERY_NODE);
}

const EVERY_NODE = -1;

/** Indexes of the changed pages; clears `changed`. */
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

function rebuildPage(
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
  for (const nodes of nodePages(hub, from, NODES_PER_PAGE)) {
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

import { isOpen, type LinkStatus } from '../link/link-keeper.js';
import type { ListedNode } from '../protocol/message.js';

/**
 * Notices that a different board is connected: by the identity of its USB adapter, before anything is sent to it; or by
 * its first list of nodes, if that has none of the known nodes.
 */
export class RootIdentity {
  readonly #onChanged: (what: string) => void;
  #board: string | undefined;
  /** Uuids of the nodes that were known when the port was opened; undefined after the first list. */
  #known: ReadonlySet<string> | undefined;
  #wasOpen = false;

  constructor(onChanged: (what: string) => void) {
    this.#onChanged = onChanged;
  }

  /** `board`: the identity in an earlier run. */
  restore(board: string | undefined): void {
    this.#board = board;
  }

  /** The same, after the port was opened. */
  restoreLate(board: string | undefined): void {
    const found = this.#board;
    this.#board = board ?? found;
    if (found !== undefined) this.#onBoard(found, 'the port');
  }

  /** `uuids`: of the nodes that are known now, in hex. */
  onLink(link: LinkStatus, uuids: () => ReadonlySet<string>): void {
    const { identity, name } = link;
    const isOpenNow = isOpen(link);
    if (isOpenNow && !this.#wasOpen) {
      this.#known = uuids();
      if (identity !== undefined) this.#onBoard(identity, name ?? 'the port');
    }
    this.#wasOpen = isOpenNow;
  }

  /** The root's list of nodes is complete. */
  onList(nodes: readonly ListedNode[]): void {
    const known = this.#known;
    this.#known = undefined;
    if (!known || known.size === 0 || nodes.length === 0) return;
    if (nodes.some(({ uuid }) => known.has(uuid.toString('hex')))) return;
    this.#onChanged(`the root lists ${nodes.length} nodes, none of them known: it may be a different board`);
  }

  #onBoard(identity: string, name: string): void {
    const before = this.#board;
    this.#board = identity;
    if (before === undefined || before === identity) return;
    this.#onChanged(`a different board is connected to ${name}: ${identity}; it was ${before}`);
  }
}

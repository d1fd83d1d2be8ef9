import { type CancelTimer, type Clock, every } from '../base/clock.js';
import { isOpen, type LinkState, type LinkStatus } from '../link/link-keeper.js';
import type { ListedNode, Path } from '../protocol/message.js';
import type { RootCommand } from '../protocol/root-command.js';
import { ListGatherer } from './list-gatherer.js';

export interface RefreshSettings {
  /** ms between two requests for the root's list of nodes; 0 = only when a client asks. */
  readonly refreshEveryMs: number;
  /** ms of silence after a full batch that ends a list. */
  readonly batchQuietMs: number;
}

export interface RefresherOptions {
  readonly clock: Clock;
  readonly settings: RefreshSettings;
  /** Sends a request to the root; resolves with a reason if it can't. */
  readonly ask: (command: RootCommand, owner: string) => Promise<string | undefined>;
  readonly onNodes: (nodes: ListedNode[]) => void;
  readonly onPaths: (paths: Path[]) => void;
}

/** Interval of requests until the root answers: it takes several seconds to boot. */
const PROBE_EVERY_MS = 5000;
/** The owner of what the gateway itself sends. */
const GATEWAY = 'gateway';

/** Keeps the lists of nodes and paths fresh: asks the root when the link opens, at intervals, and for clients. */
export class Refresher {
  readonly nodeLists: ListGatherer<ListedNode>;
  readonly pathLists: ListGatherer<Path>;
  readonly #options: RefresherOptions;
  #state: LinkState = 'stopped';
  #cancel: CancelTimer = () => {};

  constructor(options: RefresherOptions) {
    const { clock, settings, onNodes, onPaths } = options;
    this.#options = options;
    this.nodeLists = new ListGatherer(clock, settings.batchQuietMs, onNodes);
    this.pathLists = new ListGatherer(clock, settings.batchQuietMs, onPaths);
  }

  /** Resolves with true if the root answered in time; otherwise the picture is unchanged. */
  nodes(owner = GATEWAY): Promise<boolean> {
    return this.nodeLists.request(() => this.#options.ask({ kind: 'listNodes' }, owner));
  }

  paths(owner: string): Promise<boolean> {
    return this.pathLists.request(() => this.#options.ask({ kind: 'listPaths' }, owner));
  }

  /** Drops partial lists; pending requests resolve with false. */
  abandon(): void {
    this.nodeLists.abandon();
    this.pathLists.abandon();
  }

  onLinkStatus({ state }: LinkStatus): void {
    const wasUp = this.#state === 'up';
    const wasOpen = this.#isOpen;
    this.#state = state;
    if (!this.#isOpen && wasOpen) this.abandon();
    if (this.#isOpen && !wasOpen) void this.nodes();
    if (this.#isOpen !== wasOpen || (state === 'up') !== wasUp) this.#schedule();
  }

  get #isOpen(): boolean {
    return isOpen({ state: this.#state });
  }

  stop(): void {
    this.#cancel();
  }

  #schedule(): void {
    this.#cancel();
    this.#cancel = () => {};
    if (!this.#isOpen) return;
    const ms = this.#state === 'up' ? this.#options.settings.refreshEveryMs : PROBE_EVERY_MS;
    if (ms > 0) this.#cancel = every(this.#options.clock, ms, () => void this.nodes());
  }
}

import { type CancelTimer, type Clock, every } from '../base/clock.js';
import { isOpen, type LinkState, type LinkStatus } from '../link/link-keeper.js';
import type { ListedNode, Path } from '../protocol/message.js';
import type { RootCommand } from '../protocol/root-command.js';
import { ListGatherer } from './list-gatherer.js';

export interface RefreshSettings {
  /** ms between two lists of nodes from the root; 0 = only when a client asks. */
  readonly refreshEveryMs: number;
  /** ms of silence behind a full batch of a list after which no further one is coming. */
  readonly batchQuietMs: number;
}

export interface RefresherOptions {
  readonly clock: Clock;
  readonly settings: RefreshSettings;
  /** Asks the root; gives a reason where it can't. */
  readonly ask: (question: RootCommand, owner: string) => Promise<string | undefined>;
  readonly onNodes: (nodes: ListedNode[]) => void;
  readonly onPaths: (paths: Path[]) => void;
}

/** Until the root has spoken it is asked this often: it takes several seconds to boot. */
const PROBE_EVERY_MS = 5000;
/** The owner of what the gateway itself sends. */
const GATEWAY = 'gateway';

/** Keeps the lists of nodes and paths fresh: asks the root when the link opens, every so often, and for clients. */
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

  /** True when the root has answered in time; without a link, or when it is silent, the picture is what it was. */
  nodes(owner = GATEWAY): Promise<boolean> {
    return this.nodeLists.request(() => this.#options.ask({ kind: 'listNodes' }, owner));
  }

  paths(owner: string): Promise<boolean> {
    return this.pathLists.request(() => this.#options.ask({ kind: 'listPaths' }, owner));
  }

  /** What has come of a list is no whole one, and what was asked is not answered. */
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

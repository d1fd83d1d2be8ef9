import { type CancelTimer, type Clock, every } from '../base/clock.js';
import type { Alarms } from '../hub/alarms.js';
import { isAlive, type NodeChange } from '../hub/hub.js';
import type { MeshPicture } from '../hub/mesh-picture.js';
import { isOpen, type LinkStatus } from '../link/link-keeper.js';
import type { RootRecovery } from './root-recovery.js';

export interface WatchSettings {
  /** Nodes that an ordered restart of the root has disconnected get this long to be heard again before an alarm. */
  readonly disconnectedAfterMs: number;
  /** ms of silence from the root, while the link is open, after which an alarm is raised. */
  readonly rootSilentAfterMs: number;
}

/** The root takes several seconds to restart. */
const RESTART_TAKES_MS = 30_000;
/** A status change caused by time alone is reported at most this late. */
const CHECK_EVERY_MS = 1000;

/** Raises and clears the alarms that no message triggers: silent nodes, a silent root, a lost link. Has the one timer. */
export class MeshWatch {
  readonly #clock: Clock;
  readonly #settings: WatchSettings;
  readonly #alarms: Alarms;
  readonly #picture: MeshPicture;
  readonly #recovery: RootRecovery;
  #link: LinkStatus = { state: 'stopped', since: 0 };
  #openedAt: number | undefined;
  /** Monotonic ms of the last restart or clean-up that was ordered. */
  #restartOrderedAt = Number.NEGATIVE_INFINITY;
  #isRunningOrder = false;
  #mustCheckReturned = false;
  #cancel: CancelTimer = () => {};

  constructor(
    clock: Clock,
    settings: WatchSettings,
    alarms: Alarms,
    picture: MeshPicture,
    recovery: RootRecovery,
  ) {
    this.#clock = clock;
    this.#settings = settings;
    this.#alarms = alarms;
    this.#picture = picture;
    this.#recovery = recovery;
  }

  start(): void {
    this.#cancel();
    this.#cancel = every(this.#clock, CHECK_EVERY_MS, () => this.#tick());
  }

  stop(): void {
    this.#cancel();
  }

  onLinkStatus(status: LinkStatus): void {
    this.#link = status;
    const isPortOpen = isOpen(status);
    if (!isPortOpen) this.#openedAt = undefined;
    else this.#openedAt ??= this.#clock.monotonic();
    if (isPortOpen) this.#alarms.clear('LINK_LOST');
    else if (status.state === 'absent' || status.state === 'backingOff') this.#alarms.raise('LINK_LOST');
    if (isPortOpen || this.#isBeingReopened()) return;
    this.#recovery.abandon();
    this.#alarms.clear('ROOT_SILENT');
  }

  /** The recovery closes and reopens the port itself: that does not end the silence. */
  #isBeingReopened(): boolean {
    return this.#link.state === 'opening' && this.#recovery.isUnderway;
  }

  /** Runs an ordered change: nodes that it disconnects raise no alarm unless they fail to return. */
  runOrdered(change: () => void): void {
    this.#restartOrderedAt = this.#clock.monotonic();
    this.#mustCheckReturned = true;
    this.#isRunningOrder = true;
    change();
    this.#isRunningOrder = false;
  }

  onRootReset(): void {
    if (this.#sinceOrder() > RESTART_TAKES_MS) this.#alarms.raise('ROOT_RESTARTED');
  }

  onNodeChange(change: { readonly node: number } & NodeChange): void {
    if (change.change === 'forgotten') this.#alarms.clear('NODE_DISCONNECTED', change.node);
    if (change.change !== 'status' || this.#isRunningOrder) return;
    if (change.status === 'disconnected') this.#raiseUnlessUnlisted(change.node);
    else if (isAlive(change.status)) this.#alarms.clear('NODE_DISCONNECTED', change.node);
  }

  /** A list of the root is complete: closes the alarms about nodes that it has never listed. */
  onListComplete(): void {
    for (const { address } of this.#picture.unlisted.all()) this.#alarms.closeOf(address);
  }

  #sinceOrder(): number {
    return this.#clock.monotonic() - this.#restartOrderedAt;
  }

  #tick(): void {
    if (this.#link.state === 'up') this.#checkNodes();
    if (this.#openedAt === undefined) return;
    const heardAt = this.#picture.rootHeardAtMonotonic;
    const since = Math.max(this.#openedAt, heardAt);
    this.#recovery.tick({ isOpen: true, since, heardAt });
    const isSilent = this.#clock.monotonic() - since >= this.#settings.rootSilentAfterMs;
    if (isSilent && !this.#alarms.isActive('ROOT_SILENT')) this.#alarms.raise('ROOT_SILENT');
    if (!isSilent && !this.#recovery.isUnderway) this.#alarms.clear('ROOT_SILENT');
  }

  #checkNodes(): void {
    this.#picture.statuses.updateAll();
    this.#picture.unlisted.forgetSilent();
    if (!this.#mustCheckReturned || this.#sinceOrder() < this.#settings.disconnectedAfterMs) return;
    this.#mustCheckReturned = false;
    for (const node of this.#picture.statuses.addressesOf('disconnected')) this.#raiseUnlessUnlisted(node);
  }

  /** An address that was corrupted on the line does not come back: its alarm would stay. */
  #raiseUnlessUnlisted(node: number): void {
    if (!this.#picture.unlisted.has(node)) this.#alarms.raise('NODE_DISCONNECTED', node);
  }
}

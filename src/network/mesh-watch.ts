import { type CancelTimer, type Clock, every } from '../clock.js';
import type { LinkStatus } from '../uart/link-keeper.js';
import type { Alarms } from './alarms.js';
import type { NodeChange } from './hub.js';
import type { MeshPicture } from './mesh-picture.js';

export interface WatchSettings {
  /** ms without a word of the root, while the link is open, after which an alarm is raised. */
  readonly rootSilentAfterMs: number;
}

/** A status that time brings about is told at most this late. */
const LOOK_EVERY_MS = 1000;

/** Notices what no message tells: nodes that fall silent, a root that does, a link that is lost. The one timer. */
export class MeshWatch {
  readonly #clock: Clock;
  readonly #settings: WatchSettings;
  readonly #alarms: Alarms;
  readonly #picture: MeshPicture;
  #link: LinkStatus = { state: 'stopped', since: 0 };
  #openedAt: number | undefined;
  #isExpected = false;
  #cancel: CancelTimer = () => {};

  constructor(clock: Clock, settings: WatchSettings, alarms: Alarms, picture: MeshPicture) {
    this.#clock = clock;
    this.#settings = settings;
    this.#alarms = alarms;
    this.#picture = picture;
  }

  start(): void {
    this.#cancel();
    this.#cancel = every(this.#clock, LOOK_EVERY_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel();
  }

  onLinkStatus(status: LinkStatus): void {
    this.#link = status;
    const isOpen = status.state === 'probing' || status.state === 'up';
    if (!isOpen) this.#openedAt = undefined;
    else this.#openedAt ??= this.#clock.monotonic();
    if (isOpen) this.#alarms.clear('LINK_LOST');
    else if (status.state === 'absent' || status.state === 'backingOff') this.#alarms.raise('LINK_LOST');
    if (!isOpen) this.#alarms.clear('ROOT_SILENT');
  }

  /** Runs what disconnects nodes because a client asked for it: no cause for alarm. */
  asExpected(change: () => void): void {
    this.#isExpected = true;
    change();
    this.#isExpected = false;
  }

  onNodeChange(change: { readonly node: number } & NodeChange): void {
    if (change.change === 'forgotten') this.#alarms.clear('NODE_DISCONNECTED', change.node);
    if (change.change !== 'status' || this.#isExpected) return;
    if (change.status === 'disconnected') this.#alarms.raise('NODE_DISCONNECTED', change.node);
    else this.#alarms.clear('NODE_DISCONNECTED', change.node);
  }

  #look(): void {
    if (this.#link.state === 'up') this.#picture.tellStatuses();
    if (this.#openedAt === undefined) return;
    const silentMs = this.#clock.monotonic() - Math.max(this.#openedAt, this.#picture.rootHeardAtMonotonic);
    if (silentMs >= this.#settings.rootSilentAfterMs) this.#alarms.raise('ROOT_SILENT');
    else this.#alarms.clear('ROOT_SILENT');
  }
}

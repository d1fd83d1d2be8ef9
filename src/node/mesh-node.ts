import type { NodeValues, TimedValue } from './node-values.js';

/** `unheard`: listed by the root, never heard. `unknown`: the link is down, or was until recently. */
export const NODE_STATUSES = ['unheard', 'active', 'idle', 'disconnected', 'unknown'] as const;

export type NodeStatus = (typeof NODE_STATUSES)[number];

export interface StatusRules {
  /** A node is idle after this time without contact. */
  readonly idleAfterMs: number;
  /** A node is disconnected after this time without contact. */
  readonly disconnectedAfterMs: number;
}

/** A moment by both of the clock's measures: see `Clock`. */
export interface Moment {
  /** ms since the epoch, host clock: for display and storage. */
  readonly at: number;
  /** ms that never go back: for ages, so that setting the host clock does not disconnect every node. */
  readonly monotonic: number;
}

/** A node missing from this many lists of the root in a row is disconnected. */
const LISTS_MISSED_UNTIL_DISCONNECTED = 2;

/** A node of the mesh as known to the gateway. Its status is derived on read; there are no timers here. */
export class MeshNode {
  /** 16 bytes; undefined until the root or the node itself sends it. */
  uuid: Buffer | undefined;
  /** ms since the epoch, host clock; NaN if never heard. Two numbers, because an object per contact costs more. */
  #heardAt = Number.NaN;
  /** The same moment by the monotonic clock. */
  #heardMonotonic = Number.NaN;
  #missedLists = 0;
  #isListed = false;
  #mustBeHeardAgain = false;
  #restored: { readonly lastHeardAt: number | undefined } | undefined;
  /** The status in the last event about it. */
  reportedStatus: NodeStatus | undefined;
  readonly #values: NodeValues;

  /** `address`: 0x0001–0x7FFF. */
  constructor(
    readonly address: number,
    values: NodeValues,
  ) {
    this.#values = values;
  }

  /** ms since the epoch, host clock; undefined if never heard. */
  get lastHeardAt(): number | undefined {
    return this.#wasHeard ? this.#heardAt : this.#restored?.lastHeardAt;
  }

  get #wasHeard(): boolean {
    return !Number.isNaN(this.#heardMonotonic);
  }

  /** Known from an earlier run of the gateway, and not heard since. */
  get isRestored(): boolean {
    return this.#restored !== undefined;
  }

  /** The root has named it: in a list, or when it was provisioned. Otherwise its address may be a corrupted one. */
  get isListed(): boolean {
    return this.#isListed;
  }

  /** Restored from an earlier run. `lastHeardAt`: ms since the epoch, host clock. */
  onRestored(uuid: Buffer | undefined, lastHeardAt: number | undefined): void {
    this.uuid = uuid;
    this.#isListed = uuid !== undefined;
    this.#restored = { lastHeardAt };
  }

  /** The same, while the gateway is running: facts from this run take precedence. */
  onRestoredLate(uuid: Buffer | undefined, lastHeardAt: number | undefined): void {
    this.uuid ??= uuid;
    if (!this.#wasHeard) this.#restored ??= { lastHeardAt };
  }

  /** A message came from it. */
  onContact(moment: Moment): void {
    this.#heardAt = moment.at;
    this.#heardMonotonic = moment.monotonic;
    this.#restored = undefined;
    this.#missedLists = 0;
    this.#mustBeHeardAgain = false;
  }

  /** The root has listed it: it is provisioned, but not necessarily running. Returns true the first time. */
  onListed(uuid: Buffer): boolean {
    const isFirst = !this.#isListed;
    this.uuid = uuid;
    this.#missedLists = 0;
    this.#isListed = true;
    return isFirst;
  }

  /** ms without contact; since `start` if never heard. Both arguments: monotonic ms, `monotonic` is now. */
  silentMs(monotonic: number, start: number): number {
    return monotonic - (this.#wasHeard ? this.#heardMonotonic : start);
  }

  /** A complete list of the root did not have this node. */
  onMissedInList(): void {
    this.#missedLists++;
  }

  /** The root was restarted: the node counts as disconnected until it is heard again. */
  onRootRestart(): void {
    this.#mustBeHeardAgain = true;
  }

  /** Why it has its status, in order. `monotonic`: now. */
  explain(rules: StatusRules, monotonic: number): string[] {
    const facts = [this.#explainContact(monotonic)];
    if (this.#restored)
      facts.push('the gateway has restarted since: unknown until it is heard, or has had time to be');
    if (this.#mustBeHeardAgain) facts.push('not heard since the root was ordered to restart');
    if (this.#missedLists > 0) facts.push(explainMissedLists(this.#missedLists));
    facts.push(`idle after ${rules.idleAfterMs / 1000} s without contact`);
    facts.push(
      `disconnected after ${rules.disconnectedAfterMs / 1000} s, or when missing from ${LISTS_MISSED_UNTIL_DISCONNECTED} lists`,
    );
    return facts;
  }

  #explainContact(monotonic: number): string {
    if (this.#restored) return explainRestored(this.#restored.lastHeardAt);
    if (!this.#wasHeard) return 'listed by the root, but never heard';
    const seconds = Math.floor((monotonic - this.#heardMonotonic) / 1000);
    return `last heard ${seconds} s ago`;
  }

  /**
   * `monotonic`: now; `upSince`: when the link came up, by the same clock; undefined while it is down. No node can be heard
   * while it is down, so silence from that time makes a node unknown, not disconnected.
   */
  status(rules: StatusRules, monotonic: number, upSince: number | undefined): NodeStatus {
    const mustReturn = this.#mustBeHeardAgain || this.#missedLists >= LISTS_MISSED_UNTIL_DISCONNECTED;
    if (this.#restored && !mustReturn) return this.#statusFromBefore(rules, monotonic, upSince);
    if (!this.#wasHeard && !mustReturn) return 'unheard';
    if (upSince === undefined) return 'unknown';
    if (!this.#wasHeard || mustReturn) return 'disconnected';
    const silentMs = monotonic - this.#heardMonotonic;
    if (silentMs < rules.idleAfterMs) return 'active';
    const couldBeHeardMs = Math.min(silentMs, monotonic - upSince);
    if (couldBeHeardMs >= rules.disconnectedAfterMs) return 'disconnected';
    return this.#heardMonotonic < upSince ? 'unknown' : 'idle';
  }

  /** Unknown until the link has been up long enough for the node to be heard. */
  #statusFromBefore(rules: StatusRules, monotonic: number, upSince: number | undefined): NodeStatus {
    const couldBeHeardMs = upSince === undefined ? 0 : monotonic - upSince;
    if (couldBeHeardMs < rules.disconnectedAfterMs) return 'unknown';
    return this.#restored?.lastHeardAt === undefined ? 'unheard' : 'disconnected';
  }

  store(typeId: number, value: TimedValue): void {
    this.#values.store(typeId, value);
  }

  /** The newest value of a data type. */
  latest(typeId: number): TimedValue | undefined {
    return this.#values.latest(typeId);
  }

  /** The values kept of a data type, oldest first. */
  values(typeId: number): TimedValue[] {
    return this.#values.all(typeId);
  }

  /** Ids of the data types that it has values of, in rising order. */
  typeIds(): number[] {
    return this.#values.typeIds();
  }
}

function explainMissedLists(lists: number): string {
  return lists === 1
    ? "missing from the root's last list of nodes"
    : `missing from the root's last ${lists} lists of nodes`;
}

function explainRestored(lastHeardAt: number | undefined): string {
  if (lastHeardAt === undefined) return 'known from an earlier run of the gateway, but never heard';
  return `known from an earlier run of the gateway; last heard at ${new Date(lastHeardAt).toISOString()}`;
}

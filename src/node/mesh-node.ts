import type { NodeValues, TimedValue } from './node-values.js';

/** `unheard`: listed by the root, never heard. `unknown`: nothing can be said while the link is down. */
export const NODE_STATUSES = ['unheard', 'active', 'idle', 'disconnected', 'unknown'] as const;

export type NodeStatus = (typeof NODE_STATUSES)[number];

export interface StatusRules {
  /** Without contact for so long, a node is idle. */
  readonly idleAfterMs: number;
  /** Without contact for so long, a node is disconnected. */
  readonly disconnectedAfterMs: number;
}

/** A moment in both of the clock's measures: see `Clock`. */
export interface Moment {
  /** ms since the epoch, host clock: for display and storage. */
  readonly at: number;
  /** ms that never go back: for ages, so that a host clock that is set does not kill every node. */
  readonly monotonic: number;
}

/** Lists of the root in a row that a node may be missing from before it counts as disconnected. */
const LISTS_MISSED_UNTIL_DISCONNECTED = 2;

/** A node of the mesh as the gateway knows it. Status is derived when it is asked for; nothing here runs by time. */
export class MeshNode {
  /** 16 bytes; unknown until the root lists the node or the node says it. */
  uuid: Buffer | undefined;
  /** ms since the epoch, host clock; NaN when it was never heard. Two numbers, since an object for each contact costs more. */
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

  /** ms since the epoch, host clock; undefined when it was never heard. */
  get lastHeardAt(): number | undefined {
    return this.#wasHeard ? this.#heardAt : this.#restored?.lastHeardAt;
  }

  get #wasHeard(): boolean {
    return !Number.isNaN(this.#heardMonotonic);
  }

  /** It is known from an earlier run of the gateway, and was not heard since. */
  get isRestored(): boolean {
    return this.#restored !== undefined;
  }

  /** The root has named it: in a list, or when it was provisioned. What was only heard may be a disturbed address. */
  get isListed(): boolean {
    return this.#isListed;
  }

  /** An earlier run has left word of it. `lastHeardAt`: ms since the epoch, host clock. */
  onRestored(uuid: Buffer | undefined, lastHeardAt: number | undefined): void {
    this.uuid = uuid;
    this.#isListed = uuid !== undefined;
    this.#restored = { lastHeardAt };
  }

  /** The same, after the gateway has been running: what it knows itself counts. */
  onRestoredLate(uuid: Buffer | undefined, lastHeardAt: number | undefined): void {
    this.uuid ??= uuid;
    if (!this.#wasHeard) this.#restored ??= { lastHeardAt };
  }

  /** A message has come from it. */
  onContact(moment: Moment): void {
    this.#heardAt = moment.at;
    this.#heardMonotonic = moment.monotonic;
    this.#restored = undefined;
    this.#missedLists = 0;
    this.#mustBeHeardAgain = false;
  }

  /** The root has listed it: that proves provisioning, not life. Returns true the first time. */
  onListed(uuid: Buffer): boolean {
    const isFirst = !this.#isListed;
    this.uuid = uuid;
    this.#missedLists = 0;
    this.#isListed = true;
    return isFirst;
  }

  /** ms without contact; since `start`, monotonic ms, where it was never heard. `monotonic`: now. */
  silentMs(monotonic: number, start: number): number {
    return monotonic - (this.#wasHeard ? this.#heardMonotonic : start);
  }

  /** The root has given its list without this node. */
  onMissedInList(): void {
    this.#missedLists++;
  }

  /** The root was restarted: what was known of the node's life no longer counts. */
  onRootRestart(): void {
    this.#mustBeHeardAgain = true;
  }

  /** The facts that its status follows from, in order. `monotonic`: now. */
  explain(rules: StatusRules, monotonic: number): string[] {
    const facts = [this.#explainContact(monotonic)];
    if (this.#restored)
      facts.push('the gateway was restarted since: unknown until it is heard, or could have been');
    if (this.#mustBeHeardAgain) facts.push('the root was told to restart, and it was not heard since');
    if (this.#missedLists > 0) facts.push(`missing from the last ${this.#missedLists} lists of the root`);
    facts.push(`idle after ${rules.idleAfterMs / 1000} s without contact`);
    facts.push(
      `disconnected after ${rules.disconnectedAfterMs / 1000} s, or ${LISTS_MISSED_UNTIL_DISCONNECTED} lists without it`,
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
   * `monotonic`: now; `upSince`: since when the link has been up, by the same clock, if it is. While it was down nobody
   * could be heard: silence from before it came up makes a node unknown, not disconnected.
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

  /** Whoever could have been heard for long enough since the gateway was started, and was not, is no longer unknown. */
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

function explainRestored(lastHeardAt: number | undefined): string {
  if (lastHeardAt === undefined) return 'known from before the gateway was started, and never heard';
  return `known from before the gateway was started; last heard at ${new Date(lastHeardAt).toISOString()}`;
}

/**
 * Limits the bytes that all clients of a role hold together, since each alone may hold many. Roles have separate
 * budgets and do not affect each other.
 *
 * Over the limit, shares are closed until the rest fits: first the one with the largest product of bytes and age, among
 * those that have not shrunk for the grace time.
 */
import { type CancelTimer, type Clock, every } from '../base/clock.js';
import { ROLES, type Role } from '../config/role.js';

export interface ByteBudgetSettings {
  /** Bytes for all clients of a role. */
  readonly limit: number;
  /** A share that shrank within this time, in ms, is not closed. */
  readonly graceMs: number;
}

/** How often shares are checked while the budget is exhausted. */
const CHECK_EVERY_MS = 100;

export class ByteBudget {
  readonly #pools: Readonly<Record<Role, Pool>>;

  /** `onRoom`: called when the budget is no longer exhausted. */
  constructor(clock: Clock, settings: ByteBudgetSettings, onRoom: () => void = () => {}) {
    const pools = ROLES.map((role) => [role, new Pool(clock, settings, onRoom)]);
    this.#pools = Object.fromEntries(pools) as Record<Role, Pool>;
  }

  /** `measure`: bytes that the client holds now; `onOverBudget`: disconnects the client, which closes the share. */
  open(role: Role, measure: () => number, onOverBudget: () => void): Share {
    return this.#pools[role].open(measure, onOverBudget);
  }
}

/** The budget of one role. */
class Pool {
  readonly #clock: Clock;
  readonly #settings: ByteBudgetSettings;
  readonly #onRoom: () => void;
  readonly #shares = new Set<Share>();
  #cancelCheck: CancelTimer | undefined;
  #isChecking = false;
  used = 0;

  constructor(clock: Clock, settings: ByteBudgetSettings, onRoom: () => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#onRoom = onRoom;
  }

  open(measure: () => number, onOverBudget: () => void): Share {
    const share = new Share(this, this.#clock, measure, onOverBudget);
    this.#shares.add(share);
    return share;
  }

  get isExhausted(): boolean {
    return this.#cancelCheck !== undefined;
  }

  get #isOver(): boolean {
    return this.used > this.#settings.limit;
  }

  onChange(): void {
    if (!this.#isChecking && this.#isOver !== this.isExhausted) this.#tick();
  }

  remove(share: Share): void {
    this.#shares.delete(share);
    this.onChange();
  }

  #tick(): void {
    this.#isChecking = true;
    if (this.#isOver) for (const share of this.#shares) share.update();
    this.#closeWorst();
    this.#isChecking = false;
    if (this.#isOver) this.#cancelCheck ??= every(this.#clock, CHECK_EVERY_MS, () => this.#tick());
    else this.#endShortage();
  }

  #endShortage(): void {
    if (!this.#cancelCheck) return;
    this.#cancelCheck();
    this.#cancelCheck = undefined;
    this.#onRoom();
  }

  #closeWorst(): void {
    for (let worst = this.#worst(); worst && this.#isOver; worst = this.#worst()) {
      worst.onOverBudget();
      worst.close();
    }
  }

  #worst(): Share | undefined {
    let worst: { share: Share; weight: number } | undefined;
    for (const share of this.#shares) {
      if (share.bytes === 0 || share.ageMs < this.#settings.graceMs) continue;
      const weight = share.bytes * (share.ageMs + 1);
      if (!worst || weight > worst.weight) worst = { share, weight };
    }
    return worst?.share;
  }
}

/** The bytes held by one client. */
export class Share {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #measure: () => number;
  readonly onOverBudget: () => void;
  #isClosed = false;
  /** Monotonic ms: when it last shrank or was empty. */
  #since: number;
  bytes = 0;

  constructor(pool: Pool, clock: Clock, measure: () => number, onOverBudget: () => void) {
    this.#pool = pool;
    this.#clock = clock;
    this.#measure = measure;
    this.onOverBudget = onOverBudget;
    this.#since = clock.monotonic();
  }

  /** The budget of the client's role is exhausted. */
  get isExhausted(): boolean {
    return this.#pool.isExhausted;
  }

  /** ms since it last shrank or was empty. */
  get ageMs(): number {
    return this.#clock.monotonic() - this.#since;
  }

  /** Measures again; `added`: bytes added since the last update. */
  update(added = 0): void {
    if (this.#isClosed) return;
    const bytes = this.#measure();
    if (this.bytes === 0 || bytes < this.bytes + added) this.#since = this.#clock.monotonic();
    this.#pool.used += bytes - this.bytes;
    this.bytes = bytes;
    this.#pool.onChange();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pool.used -= this.bytes;
    this.bytes = 0;
    this.#pool.remove(this);
  }
}

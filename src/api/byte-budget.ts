/**
 * Bytes that many clients hold together, each a share: bounded over all of a role, since each alone may hold much. The
 * clients of one role never cost those of another anything.
 *
 * What is over the limit is taken from where it hurts least: of the shares that have not become smaller for the grace
 * time, the one with the most bytes times age is closed, then the next.
 */
import { type CancelTimer, type Clock, every } from '../base/clock.js';
import { ROLES, type Role } from '../config/role.js';

export interface ByteBudgetSettings {
  /** Bytes over all clients of a role. */
  readonly limit: number;
  /** ms that a share may stay as large as it is, whatever the others hold. */
  readonly graceMs: number;
}

/** How often it is looked who is to be closed, while the budget is used up. */
const CHECK_EVERY_MS = 100;

export class ByteBudget {
  readonly #pools: Readonly<Record<Role, Pool>>;

  /** `onRoom`: there is room again where there was none. */
  constructor(clock: Clock, settings: ByteBudgetSettings, onRoom: () => void = () => {}) {
    const pools = ROLES.map((role) => [role, new Pool(clock, settings, onRoom)]);
    this.#pools = Object.fromEntries(pools) as Record<Role, Pool>;
  }

  /** `measure`: the bytes that the client holds now; `onTooMuch`: ends the client, and so closes the share. */
  open(role: Role, measure: () => number, onTooMuch: () => void): Share {
    return this.#pools[role].open(measure, onTooMuch);
  }
}

/** One role's part of the budget. */
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

  open(measure: () => number, onTooMuch: () => void): Share {
    const share = new Share(this, this.#clock, measure, onTooMuch);
    this.#shares.add(share);
    return share;
  }

  get isUsedUp(): boolean {
    return this.#cancelCheck !== undefined;
  }

  get #isOver(): boolean {
    return this.used > this.#settings.limit;
  }

  onChange(): void {
    if (!this.#isChecking && this.#isOver !== this.isUsedUp) this.#tick();
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
      worst.onTooMuch();
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

/** What one client holds. */
export class Share {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #measure: () => number;
  readonly onTooMuch: () => void;
  #isClosed = false;
  /** Monotonic ms: when it has become smaller, or was nothing. */
  #since: number;
  bytes = 0;

  constructor(pool: Pool, clock: Clock, measure: () => number, onTooMuch: () => void) {
    this.#pool = pool;
    this.#clock = clock;
    this.#measure = measure;
    this.onTooMuch = onTooMuch;
    this.#since = clock.monotonic();
  }

  /** All that there is for clients of its role is used up. */
  get isUsedUp(): boolean {
    return this.#pool.isUsedUp;
  }

  /** ms since it became smaller, or was nothing. */
  get ageMs(): number {
    return this.#clock.monotonic() - this.#since;
  }

  /** Something has changed; `added`: so many bytes have come to it since the last time. */
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

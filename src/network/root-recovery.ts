import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import { RECOVERY_STEPS, type RecoveryOutcome, type RecoveryStep } from '../hub/hub.js';

export interface RecoverySettings {
  readonly isEnabled: boolean;
  /** ms of silence after which the root is probed. */
  readonly probeAfterMs: number;
  /** ms of silence after which it is restarted. */
  readonly rootSilentAfterMs: number;
  /** ms that the root is given after each further step: it takes several seconds to boot. */
  readonly stepMs: number;
  /** ms between the end of the first round and the next; doubles with each round. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export interface RecoveryEffects {
  /** Carries out a step; false: it was not possible. */
  readonly carryOut: Readonly<Record<RecoveryStep, () => Promise<boolean>>>;
  readonly onStep: (step: RecoveryStep, round: number, outcome: RecoveryOutcome) => void;
  /** The root has spoken again, after so many steps. */
  readonly onOver: (steps: number) => void;
}

/** How the root is; times are monotonic ms. */
export interface RootSilence {
  readonly isOpen: boolean;
  /** Since when the link is open and nothing was heard. */
  readonly since: number;
  /** When the root was last heard; -Infinity before the first word. */
  readonly heardAt: number;
}

const STEPS = Object.keys(RECOVERY_STEPS) as RecoveryStep[];
const PROBE = STEPS.indexOf('probe');

/**
 * Wakes a root that is silent while the port is open. One step after the other, then a pause that grows with each
 * round, so that a root that is broken is not reset for ever. A round after the first begins with the restart.
 */
export class RootRecovery {
  readonly steps = new Counters<RecoveryStep>(STEPS);
  readonly #clock: Clock;
  readonly #settings: RecoverySettings;
  readonly #effects: RecoveryEffects;
  readonly #backoff: Backoff;
  #begunAt: number | undefined;
  #dueAt = 0;
  #next = PROBE;
  #round = 1;
  #taken = 0;
  #isBusy = false;

  constructor(clock: Clock, settings: RecoverySettings, effects: RecoveryEffects) {
    this.#clock = clock;
    this.#settings = settings;
    this.#effects = effects;
    const { firstPauseMs, longestPauseMs } = settings;
    this.#backoff = new Backoff({ firstMs: firstPauseMs, longestMs: longestPauseMs });
  }

  get isUnderway(): boolean {
    return this.#begunAt !== undefined;
  }

  /** To be called often: begins, goes on or ends as it is time to. */
  tick({ isOpen, since, heardAt }: RootSilence): void {
    const now = this.#clock.monotonic();
    if (this.#begunAt !== undefined && heardAt > this.#begunAt) this.#finish();
    if (!this.#settings.isEnabled || !isOpen || this.#isBusy) return;
    if (this.#begunAt === undefined) {
      if (now - since < this.#settings.probeAfterMs) return;
      this.#begunAt = now;
      this.#dueAt = now;
    }
    if (now >= this.#dueAt) void this.#take(this.#next);
  }

  /** There is no port to do anything with: what was begun begins anew when there is. */
  abandon(): void {
    this.#begunAt = undefined;
    this.#next = PROBE;
  }

  async #take(index: number): Promise<void> {
    const step = STEPS[index] ?? 'probe';
    const round = this.#round;
    this.#isBusy = true;
    this.#planAfter(index);
    const isDone = await this.#effects.carryOut[step]().catch(() => false);
    this.#isBusy = false;
    this.steps.add(step);
    this.#taken++;
    // What can't be done needs no waiting for.
    if (!isDone && step !== 'reopen') this.#dueAt = this.#clock.monotonic();
    this.#effects.onStep(step, round, isDone ? 'done' : 'notPossible');
  }

  #planAfter(index: number): void {
    const { probeAfterMs, rootSilentAfterMs, stepMs } = this.#settings;
    const now = this.#clock.monotonic();
    const isLast = index === STEPS.length - 1;
    this.#next = isLast ? PROBE + 1 : index + 1;
    if (index === PROBE) this.#dueAt = now + Math.max(stepMs, rootSilentAfterMs - probeAfterMs);
    else this.#dueAt = now + stepMs + (isLast ? this.#backoff.nextMs() : 0);
    if (isLast) this.#round++;
  }

  #finish(): void {
    const taken = this.#taken;
    this.abandon();
    this.#round = 1;
    this.#backoff.reset();
    this.#taken = 0;
    this.#effects.onOver(taken);
  }
}

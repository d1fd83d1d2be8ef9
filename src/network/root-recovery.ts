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
  /** ms to wait after each further step: the root takes several seconds to boot. */
  readonly stepMs: number;
  /** ms between the end of the first round and the next; doubles with each round. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export interface RecoveryEffects {
  /** Runs a step; resolves with false if it was not possible. */
  readonly carryOut: Readonly<Record<RecoveryStep, () => Promise<boolean>>>;
  readonly onStep: (step: RecoveryStep, round: number, outcome: RecoveryOutcome) => void;
  /** The root responds again. `steps`: number of steps that were run. */
  readonly onRecovered: (steps: number) => void;
}

/** Times are monotonic ms. */
export interface RootSilence {
  readonly isOpen: boolean;
  /** Start of the silence: when the link was opened, or the root was last heard. */
  readonly since: number;
  /** When the root was last heard; -Infinity before the first frame. */
  readonly heardAt: number;
}

const STEPS = Object.keys(RECOVERY_STEPS) as RecoveryStep[];
const PROBE = STEPS.indexOf('probe');

/**
 * Tries to wake a root that is silent while the port is open: one step after the other, then a pause that grows with each
 * round, so that a broken root is not reset all the time. Rounds after the first start with the restart.
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
  #stepsRun = 0;
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

  /** Call regularly: starts, continues or ends the recovery when it is time. */
  tick({ isOpen, since, heardAt }: RootSilence): void {
    const now = this.#clock.monotonic();
    if (this.#begunAt !== undefined && heardAt > this.#begunAt) this.#finish();
    if (!this.#settings.isEnabled || !isOpen || this.#isBusy) return;
    if (this.#begunAt === undefined) {
      if (now - since < this.#settings.probeAfterMs) return;
      this.#begunAt = now;
      this.#dueAt = now;
    }
    if (now >= this.#dueAt) void this.#runStep(this.#next);
  }

  /** The port is closed: the recovery starts over when it is open again. */
  abandon(): void {
    this.#begunAt = undefined;
    this.#next = PROBE;
  }

  async #runStep(index: number): Promise<void> {
    const step = STEPS[index] ?? 'probe';
    const round = this.#round;
    this.#isBusy = true;
    this.#planAfter(index);
    const isDone = await this.#effects.carryOut[step]().catch(() => false);
    this.#isBusy = false;
    this.steps.add(step);
    this.#stepsRun++;
    // A step that was not possible needs no waiting time.
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
    const steps = this.#stepsRun;
    this.abandon();
    this.#round = 1;
    this.#backoff.reset();
    this.#stepsRun = 0;
    this.#effects.onRecovered(steps);
  }
}

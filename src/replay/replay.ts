/**
 * A recording as the source of everything: the link, and the clock. What is due by the clock and what the recording
 * holds happen one after the other, in the order of their times, and promises get their turn in between: so the order
 * of what comes of it never depends on how fast it is replayed.
 */
import { type CancelTimer, type Clock, every, systemClock } from '../base/clock.js';
import { MeshgateError } from '../base/errors.js';
import { decodeLinkFacts } from '../recorder/link-facts.js';
import { Moments } from '../recorder/moments.js';
import { type Entry, type Recording, splitReason } from '../recorder/recording.js';
import { ReplayLink } from './replay-link.js';
import { promisesRan, VirtualClock } from './virtual-clock.js';

/** Times as fast as it was; `max`: as fast as it goes. */
export type ReplaySpeed = number | 'max';

export interface ReplayOptions {
  readonly recording: Recording;
  readonly speed: ReplaySpeed;
  /** By which the real time between two things is waited for. */
  readonly wall?: Clock;
}

/** Behind the end of the recording nobody waits longer for a link. */
const REFUSE_EVERY_MS = 60_000;
/** Timers of the system can't be set for much more. */
const LONGEST_SLEEP_MS = 1_000_000;

export class Replay {
  readonly clock: VirtualClock;
  readonly link: ReplayLink;
  readonly #recording: Recording;
  readonly #wall: Clock;
  #speed: ReplaySpeed;
  /** The same moment on both clocks, from which waiting is reckoned: monotonic ms. */
  #anchor = { wall: 0, virtual: 0 };
  #isStopped = false;
  #wake: () => void = () => {};

  /** Throws `BAD_RECORDING` when nothing is in it. */
  constructor({ recording, speed, wall = systemClock }: ReplayOptions) {
    const [first] = recording.entries();
    if (!first) throw new MeshgateError('BAD_RECORDING', 'nothing can be read in this recording');
    this.clock = new VirtualClock(first.at);
    this.clock.onTimer = () => this.#wake();
    this.link = new ReplayLink(this.clock);
    this.#recording = recording;
    this.#speed = speed;
    this.#wall = wall;
  }

  /** Resolves at the end of the recording, or when it was stopped. */
  async run(): Promise<void> {
    const moments = new Moments();
    this.#setAnchor();
    for (const entry of this.#recording.entries()) {
      await this.#passUntil(moments.momentOf(entry));
      if (this.#isStopped) return;
      this.clock.setHostClock(entry.at);
      this.#apply(entry);
      await promisesRan();
    }
  }

  /** The link ends with the recording, and time goes on as it really does. Resolves when it is stopped. */
  async goOn(): Promise<void> {
    if (this.#isStopped) return;
    this.link.closed('recordingOver', '');
    every(this.clock, REFUSE_EVERY_MS, () => this.link.notOpened('recordingOver', ''));
    this.#speed = 1;
    this.#setAnchor();
    await this.#passUntil(Number.POSITIVE_INFINITY);
  }

  stop(): void {
    this.#isStopped = true;
    this.link.stop();
    this.#wake();
  }

  #apply({ kind, payload }: Entry): void {
    if (kind === 'fromRoot') this.link.received(payload);
    else if (kind === 'link') this.link.is(decodeLinkFacts(payload));
    else if (kind === 'opened') this.#open(payload);
    else if (kind === 'notOpened' || kind === 'closed') {
      const { reason, detail } = splitReason(payload);
      this.link[kind](reason, detail);
    }
  }

  #open(payload: Buffer): void {
    const facts = decodeLinkFacts(payload);
    if (facts) this.link.opened(facts);
  }

  /** Runs what falls due before the moment, and what falls due at it. */
  async #passUntil(end: number): Promise<void> {
    while (!this.#isStopped) {
      const due = this.clock.nextDue;
      const next = Math.min(due, end);
      if (!(await this.#awaitMoment(next))) continue;
      if (due > end) {
        this.clock.moveTo(end);
        return;
      }
      this.clock.runNext();
      await promisesRan();
    }
  }

  /** False when it must be looked again at what is next. */
  async #awaitMoment(virtual: number): Promise<boolean> {
    if (this.#speed === 'max') return true;
    const ms = this.#anchor.wall + (virtual - this.#anchor.virtual) / this.#speed - this.#wall.monotonic();
    if (ms <= 0) return true;
    await this.#sleep(ms);
    return false;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel: CancelTimer = this.#wall.after(Math.min(ms, LONGEST_SLEEP_MS), () => this.#wake());
      this.#wake = () => {
        cancel();
        this.#wake = () => {};
        resolve();
      };
    });
  }

  #setAnchor(): void {
    this.#anchor = { wall: this.#wall.monotonic(), virtual: this.clock.monotonic() };
  }
}

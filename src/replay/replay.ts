/**
 * Replays a recording: it drives the link and the clock. Timers and records run one after the other in the order of
 * their times, with promises settled in between, so the result does not depend on the replay speed.
 */
import { type CancelTimer, type Clock, every, systemClock } from '../base/clock.js';
import { MeshgateError } from '../base/errors.js';
import { decodeLinkFacts, ROOT_LINK } from '../recorder/link-facts.js';
import { Moments } from '../recorder/moments.js';
import { asRootEntries } from '../recorder/recorded-links.js';
import { type Entry, type Recording, splitReason } from '../recorder/recording.js';
import { ReplayLink } from './replay-link.js';
import { promisesRan, VirtualClock } from './virtual-clock.js';

/** Factor relative to the recorded speed; `max`: as fast as possible. */
export type ReplaySpeed = number | 'max';

export interface ReplayOptions {
  readonly recording: Recording;
  readonly speed: ReplaySpeed;
  /** The link that takes the part of the root: default `root`. */
  readonly linkName?: string | undefined;
  /** The clock for waiting in real time. */
  readonly wall?: Clock;
}

/** After the end of the recording, attempts to open the link are refused within this time. */
const REFUSE_EVERY_MS = 60_000;
/** Below the limit of the system's timers. */
const LONGEST_SLEEP_MS = 1_000_000;

export class Replay {
  readonly clock: VirtualClock;
  readonly link: ReplayLink;
  readonly #recording: Recording;
  readonly #linkName: string;
  readonly #wall: Clock;
  #speed: ReplaySpeed;
  /** The same moment on both clocks, the base for waiting: monotonic ms. */
  #anchor = { wall: 0, virtual: 0 };
  #isStopped = false;
  #wake: () => void = () => {};

  /** Throws `BAD_RECORDING` if the recording is empty. */
  constructor({ recording, speed, linkName = ROOT_LINK, wall = systemClock }: ReplayOptions) {
    const [first] = asRootEntries(recording, linkName);
    if (!first) throw new MeshgateError('BAD_RECORDING', 'the recording contains no readable records');
    this.clock = new VirtualClock(first.at);
    this.clock.onTimer = () => this.#wake();
    this.link = new ReplayLink(this.clock);
    this.#recording = recording;
    this.#linkName = linkName;
    this.#speed = speed;
    this.#wall = wall;
  }

  /** Resolves at the end of the recording, or when stopped. */
  async run(): Promise<void> {
    const moments = new Moments();
    this.#setAnchor();
    for (const entry of asRootEntries(this.#recording, this.#linkName)) {
      await this.#passUntil(moments.momentOf(entry));
      if (this.#isStopped) return;
      this.clock.setHostClock(entry.at);
      this.#apply(entry);
      await promisesRan();
    }
  }

  /** Ends the link and continues in real time after the recording. Resolves when stopped. */
  async continueLive(): Promise<void> {
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

  /** Runs all timers that are due up to and including `end`. */
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

  /** Returns false if woken early: what is next must be determined again. */
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

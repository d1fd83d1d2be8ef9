import type { Random } from './random.js';
import type { Timeline } from './timeline.js';

/** One hop, radio and relay together. */
const HOP_DELAY_MS = { min: 20, max: 80 };
/** A tracked message is sent once and retransmitted up to three times. */
const IMPORTANT_ATTEMPTS = 4;
const RETRANSMIT_AFTER_MS = 300;

export interface AirOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  /** Probability that one hop loses a message, 0–1. */
  readonly loss: number;
  /** Hops between the root and this device now. */
  hops(): number;
}

/**
 * The route from one device to the root, or back. Messages arrive in order: a mesh drops those that overtake others, by
 * their sequence numbers.
 */
export class Air {
  readonly #options: AirOptions;
  #lastArrival = 0;

  constructor(options: AirOptions) {
    this.#options = options;
  }

  /** Runs `deliver` when the message arrives. Returns whether it will arrive, which the sender can't know. */
  carry(tracked: boolean, deliver: () => void): boolean {
    const { timeline } = this.#options;
    const attempts = tracked ? IMPORTANT_ATTEMPTS : 1;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const delayMs = this.#cross();
      if (delayMs === undefined) continue;
      const arrival = timeline.now + attempt * RETRANSMIT_AFTER_MS + delayMs;
      this.#lastArrival = Math.max(this.#lastArrival, arrival);
      timeline.at(this.#lastArrival, deliver);
      return true;
    }
    return false;
  }

  /** Transit time in ms; undefined if a hop lost the message. */
  #cross(): number | undefined {
    const { random, loss, hops } = this.#options;
    let delayMs = 0;
    for (let hop = hops(); hop > 0; hop--) {
      if (random.chance(loss)) return undefined;
      delayMs += random.between(HOP_DELAY_MS.min, HOP_DELAY_MS.max);
    }
    return delayMs;
  }
}

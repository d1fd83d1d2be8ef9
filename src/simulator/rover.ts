import { distanceBetween, type Field, type Point } from './field.js';
import type { Random } from './random.js';

interface Leg {
  readonly from: Point;
  readonly to: Point;
  readonly departsMs: number;
  readonly arrivesMs: number;
  /** When the next leg begins. */
  readonly endsMs: number;
}

/** Metres per second: from a working robot to a travelling one. */
const SPEED = { min: 0.8, max: 3 };
const LONGEST_STOP_MS = 90_000;

/** A robot that drives from one random point of the field to the next, stopping at each. */
export class Rover {
  readonly #random: Random;
  readonly #field: Field;
  #leg: Leg;

  constructor(random: Random, field: Field) {
    this.#random = random;
    this.#field = field;
    this.#leg = this.#legFrom(this.#randomPoint(), 0);
  }

  /** Its position at a virtual time; times must not decrease between calls. */
  positionAt(ms: number): Point {
    while (ms >= this.#leg.endsMs) this.#leg = this.#legFrom(this.#leg.to, this.#leg.endsMs);
    const { from, to, departsMs, arrivesMs } = this.#leg;
    const done = Math.min(1, (ms - departsMs) / (arrivesMs - departsMs));
    return {
      east: from.east + (to.east - from.east) * done,
      north: from.north + (to.north - from.north) * done,
    };
  }

  #legFrom(from: Point, departsMs: number): Leg {
    const to = this.#randomPoint();
    const metresPerMs = this.#random.between(SPEED.min, SPEED.max) / 1000;
    const arrivesMs = departsMs + distanceBetween(from, to) / metresPerMs;
    const endsMs = arrivesMs + this.#random.between(0, LONGEST_STOP_MS);
    return { from, to, departsMs, arrivesMs, endsMs };
  }

  #randomPoint(): Point {
    const { width, height } = this.#field;
    return {
      east: this.#random.between(-width / 2, width / 2),
      north: this.#random.between(-height / 2, height / 2),
    };
  }
}

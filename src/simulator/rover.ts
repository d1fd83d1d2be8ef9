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

/** Metres a second: a robot at work, and one on its way. */
const SPEED = { min: 0.8, max: 3 };
const LONGEST_STOP_MS = 90_000;

/** A robot that drives from one place of the field to the next, resting at each. */
export class Rover {
  readonly #random: Random;
  readonly #field: Field;
  #leg: Leg;

  constructor(random: Random, field: Field) {
    this.#random = random;
    this.#field = field;
    this.#leg = this.#legFrom(this.#somewhere(), 0);
  }

  /** Where it is at this virtual time; asked for by rising time. */
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
    const to = this.#somewhere();
    const metresPerMs = this.#random.between(SPEED.min, SPEED.max) / 1000;
    const arrivesMs = departsMs + distanceBetween(from, to) / metresPerMs;
    const endsMs = arrivesMs + this.#random.between(0, LONGEST_STOP_MS);
    return { from, to, departsMs, arrivesMs, endsMs };
  }

  #somewhere(): Point {
    const { width, height } = this.#field;
    return {
      east: this.#random.between(-width / 2, width / 2),
      north: this.#random.between(-height / 2, height / 2),
    };
  }
}

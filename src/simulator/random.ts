/**
 * Reproducible random numbers: the same seed and path always give the same sequence.
 * The generator is sfc32: four words of state, fast, and not for secrets.
 */

/** Numbers discarded at the start, so that similar seeds have diverged. */
const WARM_UP_ROUNDS = 12;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  private constructor(a: number, b: number, c: number) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.float();
  }

  /** A separate stream for each path (`5`, `motion`), so that draws from one never affect another. */
  static of(seed: number, ...path: readonly (string | number)[]): Random {
    const key = [seed, ...path].join('/');
    return new Random(hash(key, 0x9e3779b9), hash(key, 0x85ebca6b), hash(key, 0xc2b2ae35));
  }

  /** 0 or more, less than 1. */
  float(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }

  /** `min` or more, less than `max`. */
  between(min: number, max: number): number {
    return min + this.float() * (max - min);
  }

  /** An integer, `min` and `max` included. */
  int(min: number, max: number): number {
    return Math.floor(this.between(min, max + 1));
  }

  /** True with this probability: never at 0, always at 1. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  gaussian(mean: number, deviation: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.float());
  }

  /** Exponentially distributed, for the time to the next independent event. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.float());
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.int(0, 0xff)));
  }
}

/** A 32-bit hash: FNV-1a, then the finalizer of murmur3. */
function hash(text: string, start: number): number {
  let bits = start;
  for (let index = 0; index < text.length; index++) {
    bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

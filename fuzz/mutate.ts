/** Mutates inputs at random, reproducibly by seed. */
import { Random } from '../src/simulator/random.js';

/** Maximum length of an input, bytes. */
export const MAX_INPUT = 16_384;
/** Maximum changes per mutation. */
const MAX_CHANGES = 5;
/** Byte values with a special meaning in some format. */
const EDGES = [0x00, 0x01, 0x0a, 0x0d, 0x1b, 0x22, 0x28, 0x5b, 0x7b, 0x7f, 0x80, 0xfa, 0xfe, 0xff];

export class Mutator {
  readonly #random: Random;
  readonly #words: readonly Buffer[];

  constructor(seed: number, words: readonly (string | Buffer)[]) {
    this.#random = Random.of(seed, 'mutations');
    this.#words = words.map((word) => Buffer.from(word as string));
  }

  /** One of them. */
  choose<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** An integer from 0, below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random.float() * limit);
  }

  /** A changed copy; `other`: an input to take pieces from. */
  mutate(input: Buffer, other: Buffer): Buffer {
    let changed: Buffer = Buffer.from(input);
    for (let left = 1 + this.below(MAX_CHANGES); left > 0; left--) changed = this.#change(changed, other);
    return changed.subarray(0, MAX_INPUT);
  }

  #change(input: Buffer, other: Buffer): Buffer {
    const at = this.below(input.length + 1);
    const end = Math.min(input.length, at + this.#length());
    const [before, piece, after] = [input.subarray(0, at), input.subarray(at, end), input.subarray(end)];
    switch (this.below(8)) {
      case 0:
        return Buffer.concat([before, after]);
      case 1:
        return Buffer.concat([before, piece, piece, after]);
      case 2:
        return Buffer.concat([before, this.#pieceOf(other), input.subarray(at)]);
      case 3:
        return this.#words.length === 0
          ? before
          : Buffer.concat([before, this.choose(this.#words), input.subarray(at)]);
      case 4:
        return Buffer.concat([before, Buffer.of(this.choose(EDGES)), input.subarray(at)]);
      case 5:
        return Buffer.from(before);
      case 6:
        return this.#repeat(before, piece, after);
      default:
        return this.#flip(input, at);
    }
  }

  #flip(input: Buffer, at: number): Buffer {
    const flipped = Buffer.from(input);
    const isEdge = this.below(2) === 0;
    if (at < input.length) {
      flipped[at] = isEdge ? this.choose(EDGES) : (input[at] ?? 0) ^ (1 << this.below(8));
    }
    return flipped;
  }

  #repeat(before: Buffer, piece: Buffer, after: Buffer): Buffer {
    if (piece.length === 0) return before;
    const times = Math.min(1 << this.below(10), Math.ceil(MAX_INPUT / piece.length));
    return Buffer.concat([before, ...Array<Buffer>(times).fill(piece), after]).subarray(0, MAX_INPUT);
  }

  #pieceOf(other: Buffer): Buffer {
    const at = this.below(other.length + 1);
    return other.subarray(at, at + this.#length());
  }

  /** Mostly short. */
  #length(): number {
    return this.below(1 << (1 + this.below(8)));
  }
}

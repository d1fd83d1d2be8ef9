/** Memory of one owner. */
export interface MemoryBlock {
  readonly memory: Buffer;
  readonly start: number;
  readonly length: number;
}

/** Blocks are cut from pieces of this many bytes: a separate buffer for each would cost more than its content. */
const PIECE_LENGTH = 16_384;
/** Longer blocks get a buffer of their own. */
const MAX_CUT_LENGTH = PIECE_LENGTH / 4;
/** Blocks kept for reuse; others are freed with their piece. */
const MAX_SPARE = 1024;

export const NO_MEMORY: MemoryBlock = { memory: Buffer.alloc(0), start: 0, length: 0 };

/** Many small blocks of memory, cut from few large pieces. */
export class MemoryPool {
  #piece: Buffer = NO_MEMORY.memory;
  #pieceUsed = 0;
  readonly #spare = new Map<number, MemoryBlock[]>();
  #spareCount = 0;

  /** `length`: bytes. The content is undefined. */
  take(length: number): MemoryBlock {
    if (length > MAX_CUT_LENGTH) return { memory: Buffer.allocUnsafeSlow(length), start: 0, length };
    return this.#takeSpare(length) ?? this.#cut(length);
  }

  /** Returns a block that is no longer used. */
  giveBack(block: MemoryBlock): void {
    if (block.length === 0 || block.length > MAX_CUT_LENGTH || this.#spareCount === MAX_SPARE) return;
    this.#spareCount++;
    const spares = this.#spare.get(block.length);
    if (spares) spares.push(block);
    else this.#spare.set(block.length, [block]);
  }

  #takeSpare(length: number): MemoryBlock | undefined {
    const spares = this.#spare.get(length);
    const block = spares?.pop();
    if (!spares || !block) return undefined;
    this.#spareCount--;
    if (spares.length === 0) this.#spare.delete(length);
    return block;
  }

  #cut(length: number): MemoryBlock {
    if (this.#pieceUsed + length > this.#piece.length) {
      this.#piece = Buffer.allocUnsafeSlow(PIECE_LENGTH);
      this.#pieceUsed = 0;
    }
    const start = this.#pieceUsed;
    this.#pieceUsed += length;
    return { memory: this.#piece, start, length };
  }
}

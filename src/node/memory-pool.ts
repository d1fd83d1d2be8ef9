/** Memory that one owner has to itself. */
export interface MemoryBlock {
  readonly memory: Buffer;
  readonly start: number;
  readonly length: number;
}

/** Blocks are cut from pieces of this many bytes: memory of its own for each would cost more than its content. */
const PIECE_LENGTH = 16_384;
/** Longer blocks have memory of their own. */
const MAX_CUT_LENGTH = PIECE_LENGTH / 4;
/** Blocks that wait to be taken again; what is given back beyond that is free when its piece is. */
const MAX_SPARE = 1024;

export const NO_MEMORY: MemoryBlock = { memory: Buffer.alloc(0), start: 0, length: 0 };

/** Many small blocks of memory, cut from few large pieces. */
export class MemoryPool {
  #piece: Buffer = NO_MEMORY.memory;
  #pieceUsed = 0;
  readonly #spare = new Map<number, MemoryBlock[]>();
  #spareCount = 0;

  /** `length`: bytes. Their content is not defined. */
  take(length: number): MemoryBlock {
    if (length > MAX_CUT_LENGTH) return { memory: Buffer.allocUnsafeSlow(length), start: 0, length };
    return this.#takeSpare(length) ?? this.#cut(length);
  }

  /** Nobody reads or writes it any more. */
  giveBack(block: MemoryBlock): void {
    if (block.length === 0 || block.length > MAX_CUT_LENGTH || this.#spareCount === MAX_SPARE) return;
    this.#spareCount++;
    const alike = this.#spare.get(block.length);
    if (alike) alike.push(block);
    else this.#spare.set(block.length, [block]);
  }

  #takeSpare(length: number): MemoryBlock | undefined {
    const alike = this.#spare.get(length);
    const block = alike?.pop();
    if (!alike || !block) return undefined;
    this.#spareCount--;
    if (alike.length === 0) this.#spare.delete(length);
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

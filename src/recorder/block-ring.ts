/** A finished block in memory. */
export interface HeldBlock {
  readonly number: number;
  /** When it was finished: monotonic clock, µs. */
  readonly endUs: number;
  readonly bytes: Buffer;
}

/** Memory per block in addition to its bytes; quiet periods make many small blocks. */
const BLOCK_OVERHEAD = 256;

/** The latest blocks, in memory: the oldest are dropped when the limit is reached. Numbers count up by one. */
export class BlockRing {
  readonly #limit: number;
  readonly #blocks = new Map<number, HeldBlock>();
  #size = 0;
  #dropped = 0;

  /** `limit`: bytes of memory. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  counters() {
    return { heldBlocks: this.#blocks.size, heldBytes: this.#size, droppedBlocks: this.#dropped };
  }

  push(block: HeldBlock): void {
    this.#blocks.set(block.number, block);
    this.#size += costOf(block);
    for (const oldest of this.#blocks.values()) {
      if (this.#size <= this.#limit) return;
      this.#blocks.delete(oldest.number);
      this.#size -= costOf(oldest);
      this.#dropped++;
    }
  }

  /** The number of the first block that was finished at this time or later; `undefined` when none was. */
  firstSince(us: number): number | undefined {
    for (const { number, endUs } of this.#blocks.values()) if (endUs >= us) return number;
    return undefined;
  }

  /** Blocks from this number on, or from the oldest that is held: up to `limit` bytes, but at least one block. */
  from(number: number, limit: number): HeldBlock[] {
    const [oldest] = this.#blocks.keys();
    const blocks: HeldBlock[] = [];
    let size = 0;
    for (let next = Math.max(number, oldest ?? 0); ; next++) {
      const block = this.#blocks.get(next);
      size += block?.bytes.length ?? 0;
      if (!block || (size > limit && blocks.length > 0)) return blocks;
      blocks.push(block);
    }
  }
}

function costOf({ bytes }: HeldBlock): number {
  return bytes.length + BLOCK_OVERHEAD;
}

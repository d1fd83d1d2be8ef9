/** A finished block as it is held in memory. */
export interface HeldBlock {
  readonly number: number;
  /** Monotonic clock, µs, when it was finished. */
  readonly endUs: number;
  readonly bytes: Buffer;
}

/** What a block costs beside its bytes: quiet seconds make many small ones. */
const COST_OF_BLOCK = 256;

/** The last blocks, in memory: the oldest make room, whole. Numbers count up by one. */
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

  /** Blocks from this number on, or from the oldest that is held: as many as fit into `limit` bytes, at least one. */
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
  return bytes.length + COST_OF_BLOCK;
}

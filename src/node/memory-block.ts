/** A stretch of memory that one owner has to itself. */
export interface MemoryBlock {
  readonly memory: Buffer;
  readonly start: number;
  readonly length: number;
}

/** Blocks are cut from pieces of this many bytes: memory of its own for each would cost more than what lies in it. */
const PIECE_LENGTH = 16_384;
/** Longer blocks have memory of their own. */
const MAX_CUT_LENGTH = PIECE_LENGTH / 4;
/** Blocks that wait to be taken again; what is given back beyond that is free when its piece is. */
const MAX_SPARE = 1024;

let piece: Buffer = Buffer.alloc(0);
let pieceUsed = 0;
let spareCount = 0;
const spare = new Map<number, MemoryBlock[]>();

export const NO_MEMORY: MemoryBlock = { memory: piece, start: 0, length: 0 };

/** `length`: bytes. What lies in it is not defined. */
export function takeBlock(length: number): MemoryBlock {
  if (length > MAX_CUT_LENGTH) return { memory: Buffer.allocUnsafeSlow(length), start: 0, length };
  return takeSpare(length) ?? cut(length);
}

/** Nobody reads or writes it any more. */
export function giveBack(block: MemoryBlock): void {
  if (block.length === 0 || block.length > MAX_CUT_LENGTH || spareCount === MAX_SPARE) return;
  spareCount++;
  const alike = spare.get(block.length);
  if (alike) alike.push(block);
  else spare.set(block.length, [block]);
}

function takeSpare(length: number): MemoryBlock | undefined {
  const alike = spare.get(length);
  const block = alike?.pop();
  if (!alike || !block) return undefined;
  spareCount--;
  if (alike.length === 0) spare.delete(length);
  return block;
}

function cut(length: number): MemoryBlock {
  if (pieceUsed + length > piece.length) {
    piece = Buffer.allocUnsafeSlow(PIECE_LENGTH);
    pieceUsed = 0;
  }
  const start = pieceUsed;
  pieceUsed += length;
  return { memory: piece, start, length };
}

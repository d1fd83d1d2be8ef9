import type { Arbitrary } from 'fast-check';

/** One entry of the gateway that takes what others say. */
export interface Target {
  readonly name: string;
  /** What the format is made of: pieces that a mutation puts in. */
  readonly words: readonly (string | Buffer)[];
  /** Inputs as the format would have them, or nearly. */
  readonly inputs: Arbitrary<Buffer>;
  /**
   * Takes one input. Gives what became of it in a word or two (`accepted`, a reason to refuse): an input with a new
   * outcome is kept to be changed further. Throws where the gateway did what it must not.
   */
  run(input: Buffer): string | Promise<string>;
}

/** Fails the run: `what` must not happen. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

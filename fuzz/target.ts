import type { Arbitrary } from 'fast-check';

/** One place where the gateway reads input from outside. */
export interface Target {
  readonly name: string;
  /** Tokens of the format, inserted by mutations. */
  readonly words: readonly (string | Buffer)[];
  /** Valid or nearly valid inputs. */
  readonly inputs: Arbitrary<Buffer>;
  /**
   * Runs one input. Returns its outcome in a word or two (`accepted`, or why it was refused): an input with a new outcome
   * is kept for further mutation. Throws if the gateway misbehaved.
   */
  run(input: Buffer): string | Promise<string>;
}

/** Fails the run with `what` unless the condition holds. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

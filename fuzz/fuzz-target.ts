/** Runs one target on random inputs, and checks time and memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { readCorpus } from './corpus.js';
import { Mutator } from './mutate.js';
import type { Target } from './target.js';

/** CPU time; an input that takes longer is a failure, since it would block all other clients. */
const MAX_MS = 1000;
/** Bytes by which memory in use may grow during a run. */
const MAX_GROWTH = 32 * 1024 * 1024;
/** Inputs with new outcomes that are kept for further mutation. */
const MAX_KEPT = 1000;
/** Executions between two checks of the clock and turns of the event loop. */
const BATCH = 100;

export interface Fuzzed {
  readonly executions: number;
  readonly ms: number;
  /** Inputs of the corpus, including those added by this run. */
  readonly corpus: number;
  readonly outcomes: number;
  readonly grownBytes: number;
  /** The input that made the gateway fail, if any. */
  readonly failure?: { readonly input: Buffer; readonly error: unknown } | undefined;
}

export interface FuzzOptions {
  readonly seed: number;
  /** Returns false to end the run. */
  readonly shouldContinue: (executions: number) => boolean;
}

export async function fuzzTarget(target: Target, { seed, shouldContinue }: FuzzOptions): Promise<Fuzzed> {
  const run = new FuzzRun(target, seed);
  const begun = performance.now();
  const failure = await run.go(shouldContinue);
  return { ...run.result(), ms: performance.now() - begun, failure };
}

class FuzzRun {
  readonly #target: Target;
  readonly #mutator: Mutator;
  readonly #outcomes = new Set<string>();
  readonly #kept: Buffer[];
  readonly #seed: number;
  #executions = 0;
  #heldAtStart = 0;

  constructor(target: Target, seed: number) {
    this.#target = target;
    this.#seed = seed;
    this.#mutator = new Mutator(seed, target.words);
    this.#kept = [Buffer.alloc(0), ...readCorpus(target.name).map(({ bytes }) => bytes)];
  }

  result() {
    const grownBytes = heldBytes() - this.#heldAtStart;
    return {
      executions: this.#executions,
      corpus: this.#kept.length,
      outcomes: this.#outcomes.size,
      grownBytes,
    };
  }

  /** Returns the failure, if any. */
  async go(shouldContinue: FuzzOptions['shouldContinue']): Promise<Fuzzed['failure']> {
    for (const input of [...this.#kept]) {
      const failure = await this.#try(input);
      if (failure) return failure;
    }
    this.#heldAtStart = heldBytes();
    while (shouldContinue(this.#executions)) {
      for (const input of this.#nextInputs()) {
        const failure = await this.#try(input);
        if (failure) return failure;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.#checkGrowth();
  }

  /** Some valid inputs, and mutated ones. */
  #nextInputs(): Buffer[] {
    const seed = this.#seed + this.#executions;
    const fresh = fc.sample(this.#target.inputs, { numRuns: BATCH / 5, seed });
    const pool = [...this.#kept, ...fresh];
    const changed = Array.from({ length: BATCH - fresh.length }, () =>
      this.#mutator.mutate(this.#mutator.choose(pool), this.#mutator.choose(pool)),
    );
    return [...fresh, ...changed];
  }

  async #try(input: Buffer): Promise<Fuzzed['failure']> {
    this.#executions++;
    const before = process.cpuUsage();
    try {
      const outcome = this.#target.run(input);
      this.#note(typeof outcome === 'string' ? outcome : await outcome, input);
    } catch (error) {
      return { input, error };
    }
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    return ms > MAX_MS ? { input, error: new Error(`took ${Math.round(ms)} ms of CPU time`) } : undefined;
  }

  #note(outcome: string, input: Buffer): void {
    if (this.#outcomes.has(outcome) || this.#kept.length >= MAX_KEPT) return;
    this.#outcomes.add(outcome);
    this.#kept.push(input);
  }

  #checkGrowth(): Fuzzed['failure'] {
    const { grownBytes } = this.result();
    if (grownBytes <= MAX_GROWTH) return undefined;
    return {
      input: Buffer.alloc(0),
      error: new Error(`memory in use grew by ${grownBytes} bytes`),
    };
  }
}

let collect: (() => void) | undefined;

/** Bytes in use after garbage collection. */
function heldBytes(): number {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

import type { Heard } from '../clients/listener.js';

/** Messages for listeners in the order in which the witness was told of them, between two losses of its own. */
interface TimeRange {
  readonly run: number;
  readonly bodies: Buffer[];
  /** How it ended: the process did, or the witness missed something. */
  isCut: boolean;
}

/** `empty`: it was given nothing. `beyond`: it ends with messages that the witness was not told of before a loss. */
export type Verdict = 'part' | 'empty' | 'beyond' | 'notComparable' | 'unexplained';

/**
 * What classic listeners must have been given: they get no numbers and no gap notices, so between handshake and end
 * it is a contiguous part of what the witness was told.
 */
export class Listening {
  #run = 0;
  readonly #stretches: TimeRange[] = [];

  onProcessStart(): void {
    this.#run++;
    this.#begin();
  }

  /** The witness was told that it missed something. */
  onGap(): void {
    this.#begin();
  }

  onMessage(body: Buffer): void {
    this.#stretches.at(-1)?.bodies.push(body);
  }

  get runs(): number {
    return this.#run;
  }

  judge({ run, bytes }: Heard): Verdict {
    if (bytes.length === 0) return 'empty';
    const stretches = this.#stretches.filter((stretch) => stretch.run === run);
    if (stretches.some(({ bodies }) => holds(bodies, bytes))) return 'part';
    if (stretches.some(({ bodies, isCut }) => isCut && endsWithin(bodies, bytes))) return 'beyond';
    return stretches.length > 1 ? 'notComparable' : 'unexplained';
  }

  #begin(): void {
    const last = this.#stretches.at(-1);
    if (last) last.isCut = true;
    this.#stretches.push({ run: this.#run, bodies: [], isCut: false });
  }
}

/** True where the bytes begin with some message and are those that follow it. */
function holds(bodies: readonly Buffer[], bytes: Buffer): boolean {
  const { all, starts } = joined(bodies);
  return starts.some((start) => all.subarray(start, start + bytes.length).equals(bytes));
}

/** True where they go on after the last message that is known. */
function endsWithin(bodies: readonly Buffer[], bytes: Buffer): boolean {
  const { all, starts } = joined(bodies);
  return [...starts, all.length].some((start) => {
    const rest = all.subarray(start);
    return rest.length <= bytes.length && bytes.subarray(0, rest.length).equals(rest);
  });
}

function joined(bodies: readonly Buffer[]): { readonly all: Buffer; readonly starts: readonly number[] } {
  const starts: number[] = [];
  let length = 0;
  for (const body of bodies) {
    starts.push(length);
    length += body.length;
  }
  return { all: Buffer.concat(bodies), starts };
}

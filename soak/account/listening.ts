import type { Heard } from '../clients/listener.js';

/** Messages for listeners as received by the witness, between two losses of its own. */
interface TimeRange {
  readonly run: number;
  readonly bodies: Buffer[];
  /** It was ended by the end of the process, or by a loss of the witness. */
  isCut: boolean;
}

/** `empty`: received nothing. `beyond`: ends with messages that the witness lost. */
export type Verdict = 'part' | 'empty' | 'beyond' | 'notComparable' | 'unexplained';

/**
 * Checks classic listeners. They get neither numbers nor gap notices, so what one receives between handshake and end must
 * be a contiguous part of what the witness received.
 */
export class Listening {
  #run = 0;
  readonly #ranges: TimeRange[] = [];

  onProcessStart(): void {
    this.#run++;
    this.#begin();
  }

  /** The witness got a gap notice. */
  onGap(): void {
    this.#begin();
  }

  onMessage(body: Buffer): void {
    this.#ranges.at(-1)?.bodies.push(body);
  }

  get runs(): number {
    return this.#run;
  }

  judge({ run, bytes }: Heard): Verdict {
    if (bytes.length === 0) return 'empty';
    const ranges = this.#ranges.filter((range) => range.run === run);
    if (ranges.some(({ bodies }) => holds(bodies, bytes))) return 'part';
    if (ranges.some(({ bodies, isCut }) => isCut && endsWithin(bodies, bytes))) return 'beyond';
    return ranges.length > 1 ? 'notComparable' : 'unexplained';
  }

  #begin(): void {
    const last = this.#ranges.at(-1);
    if (last) last.isCut = true;
    this.#ranges.push({ run: this.#run, bodies: [], isCut: false });
  }
}

/** True if the bytes match a contiguous sequence of messages. */
function holds(bodies: readonly Buffer[], bytes: Buffer): boolean {
  const { all, starts } = joined(bodies);
  return starts.some((start) => all.subarray(start, start + bytes.length).equals(bytes));
}

/** True if they continue after the last known message. */
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

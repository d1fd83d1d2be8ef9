import { Random } from '../random.js';
import type { FaultContext, LineFault, Passing } from './fault.js';
import type { FaultCount } from './fault-counters.js';
import type { FaultPlan } from './fault-plan.js';

type ByteChances = NonNullable<FaultPlan['bytes']>;

const COUNTS = {
  fromRoot: { flip: 'bitsFlipped', lose: 'bytesLost', double: 'bytesDoubled' },
  toRoot: { flip: 'bitsFlippedToRoot', lose: 'bytesLostToRoot', double: 'bytesDoubledToRoot' },
} as const satisfies Record<string, Record<keyof ByteChances, FaultCount>>;

/** A bad cable: any byte may have a bit flipped, be lost, or be doubled. */
export class ByteFaults implements LineFault {
  readonly name = 'bytes';
  readonly #options: FaultContext;
  readonly #chances: ByteChances;
  readonly #direction: keyof typeof COUNTS;

  constructor(options: FaultContext, chances: ByteChances, direction: keyof typeof COUNTS) {
    this.#options = options;
    this.#chances = chances;
    this.#direction = direction;
  }

  disturb(bytes: Buffer, { atMs }: Passing): Buffer {
    const random = Random.of(this.#options.seed, 'faults', this.#direction, atMs, bytes.toString('latin1'));
    const { flip, lose, double } = this.#chances;
    const flipped = drawHits(random, flip, bytes.length);
    const lost = drawHits(random, lose, bytes.length);
    const doubled = drawHits(random, double, bytes.length);
    this.#count('flip', flipped.size);
    this.#count('lose', lost.size);
    this.#count('double', doubled.size);
    if (flipped.size + lost.size + doubled.size === 0) return bytes;
    return Buffer.from(
      [...bytes].flatMap((byte, at) => {
        const arriving = flipped.has(at) ? byte ^ (1 << random.int(0, 7)) : byte;
        return [...(lost.has(at) ? [] : [arriving]), ...(doubled.has(at) ? [arriving] : [])];
      }),
    );
  }

  #count(kind: keyof ByteChances, amount: number): void {
    if (amount > 0) this.#options.counters.add(COUNTS[this.#direction][kind], amount);
  }
}

/** Offsets of the bytes that are hit. Draws the distance to the next hit instead of one number per byte. */
function drawHits(random: Random, chance: number, length: number): ReadonlySet<number> {
  const hits = new Set<number>();
  if (chance === 0) return hits;
  const gap = () => (chance === 1 ? 0 : Math.floor(Math.log(1 - random.float()) / Math.log(1 - chance)));
  for (let at = gap(); at < length; at += 1 + gap()) hits.add(at);
  return hits;
}

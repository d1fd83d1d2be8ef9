import { Random } from '../random.js';
import type { VirtualRoot } from '../virtual-root.js';
import type { FaultContext } from './fault.js';
import type { FaultPlan } from './fault-plan.js';

/** Makes read blocks of the root's UART end in the middle of frames more often than they would normally. */
export class HalfMessages {
  readonly #options: FaultContext;
  readonly #chance: number;
  readonly #root: VirtualRoot;

  constructor(options: FaultContext, { chance }: NonNullable<FaultPlan['half_messages']>, root: VirtualRoot) {
    this.#options = options;
    this.#chance = chance;
    this.#root = root;
  }

  /** Delivers bytes to the root. */
  deliver(bytes: Buffer): void {
    const { seed, timeline, counters } = this.#options;
    const random = Random.of(seed, 'faults', 'half message', timeline.now, bytes.toString('latin1'));
    if (bytes.length < 2 || !random.chance(this.#chance)) {
      this.#root.receive(bytes);
      return;
    }
    counters.add('halfMessages');
    const border = random.int(1, bytes.length - 1);
    this.#root.receive(bytes.subarray(0, border));
    this.#root.endBlock();
    this.#root.receive(bytes.subarray(border));
  }
}

import type { Clock } from '../../src/base/clock.js';
import type { LineFaultName } from '../../src/simulator/faults/fault.js';
import { type Fate, Ledger, type LedgerEntry } from '../../src/simulator/faults/ledger.js';

/** A frame of the root whose fate is known. */
export interface SettledEntry extends LedgerEntry {
  /** ms since the epoch: when its last byte was handed to the port, or it was lost. */
  readonly handedAt: number;
  /** How the port was at that moment. */
  readonly port: PortState;
  /** The soak itself was held up between two pieces of it, for so long that a reader may have given it up. */
  readonly wasHeldUp: boolean;
}

/** `closed`: the gateway runs, and has not opened it yet. `over`: the soak is. */
export type PortState = 'open' | 'gatewayDown' | 'closed' | 'unplugged' | 'over';

type Settled = Pick<SettledEntry, 'handedAt' | 'port' | 'wasHeldUp'>;

/** How the port is, as the ledger asks it when a frame has passed. */
export interface PortView {
  readonly state: PortState;
  /** True once for each time that the line stood still in the middle of a frame. */
  takeHeldUp(): boolean;
}

/** A ledger that also notes when each frame was settled, and how the port was then. */
export class TimedLedger extends Ledger {
  readonly #clock: Clock;
  readonly #port: () => PortView;
  readonly #settled = new Map<number, Settled>();

  constructor(clock: Clock, port: () => PortView, limit: number) {
    super(limit);
    this.#clock = clock;
    this.#port = port;
  }

  override settle(
    entry: LedgerEntry,
    fate: Exclude<Fate, 'pending'>,
    causes: readonly LineFaultName[],
  ): void {
    const port = this.#port();
    const hasPassed = fate === 'whole' || fate === 'damaged';
    this.#settled.set(entry.id, {
      handedAt: this.#clock.now(),
      port: port.state,
      wasHeldUp: hasPassed && port.takeHeldUp(),
    });
    super.settle(entry, fate, causes);
  }

  /** As `take`, with what was noted. */
  takeSettled(): SettledEntry[] {
    const taken = this.take().map((entry) => ({ ...entry, ...this.#noted(entry.id) }));
    for (const { id } of taken) this.#settled.delete(id);
    return taken;
  }

  #noted(id: number): Settled {
    return this.#settled.get(id) ?? { handedAt: 0, port: 'open', wasHeldUp: false };
  }
}

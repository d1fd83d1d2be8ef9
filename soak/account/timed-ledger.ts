import type { Clock } from '../../src/base/clock.js';
import type { LineFaultName } from '../../src/simulator/faults/fault.js';
import { type Fate, Ledger, type LedgerEntry } from '../../src/simulator/faults/ledger.js';

/** A settled frame of the root. */
export interface SettledEntry extends LedgerEntry {
  /** When its last byte was written to the port, or it was lost: ms since the epoch. */
  readonly handedAt: number;
  /** State of the port at that moment. */
  readonly port: PortState;
  /** The soak itself was delayed between two pieces of it, so long that a reader may have abandoned the frame. */
  readonly wasHeldUp: boolean;
}

/** `closed`: the gateway is running but has not opened it yet. `over`: the soak has ended. */
export type PortState = 'open' | 'gatewayDown' | 'closed' | 'unplugged' | 'over';

type Settled = Pick<SettledEntry, 'handedAt' | 'port' | 'wasHeldUp'>;

/** The port's state when a frame has passed. */
export interface PortView {
  readonly state: PortState;
  /** True once for each time that the line was delayed in the middle of a frame. */
  takeHeldUp(): boolean;
}

/** A ledger that also stores when each frame was settled, and the state of the port then. */
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

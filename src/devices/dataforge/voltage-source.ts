/** What sets and measures one voltage: the virtual block, instruments, another server, a node of the mesh. */
import type { CommandFailure } from '../../hub/failures.js';
import type { LinkStatus } from '../../link/link-keeper.js';

export interface VoltageSource {
  /** Shown to people. */
  readonly description: string;
  /** True if `read` waits for values that come unasked; the reading loop makes no pauses then. */
  readonly isPushed?: boolean;
  /** `onStatus`: the state of its own link has changed; it is readable and settable while `up`. */
  start(onStatus: (status: LinkStatus) => void): void;
  /** Resolves when the set point has been written; rejects with a `SupplyError`. */
  set(volts: number, progress: SetProgress): Promise<void>;
  /** The next reading; rejects if there is none in time. */
  read(): Promise<number>;
  /** What is there at this moment, if that is known without a reading. */
  present?(): number;
  stop(): Promise<void>;
  counters(): Readonly<Record<string, unknown>>;
}

export interface SetProgress {
  /** Aborts when the command has ended for any reason. */
  readonly signal: AbortSignal;
  /** Something has to be waited for. */
  onWaiting(text: string): void;
}

/** Why a command could not be carried out. */
export class SupplyError extends Error {
  constructor(
    readonly failure: CommandFailure,
    detail: string,
  ) {
    super(detail);
    this.name = 'SupplyError';
  }
}

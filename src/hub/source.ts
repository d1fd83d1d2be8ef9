/** The hub's write side, for sources of values (the mesh, devices). */
import type { LinkStatus } from '../link/link-keeper.js';
import type { DataType } from '../protocol/data-types.js';
import type { Delivery, Expectation, Requester } from './deliveries.js';
import type { Command, NodeChange, Outcome, Sending } from './hub.js';

/** Executes commands that go to the root; implemented by the mesh's source. */
export interface RootCommandRunner {
  execute(command: RootBoundCommand, owner: string): Promise<Outcome>;
  deliver(sending: Sending, by: Requester, expects?: Expectation): Delivery;
  releasePort(ms: number): Promise<void>;
  takePort(): void;
}

/** Every command except those that the hub executes itself. */
export type RootBoundCommand = Exclude<Command, { kind: 'log' | 'setRobots' }>;

export interface SourceOptions {
  /** Unique among the open sources: `mesh`, `hev`. */
  readonly name: string;
  /** `mesh`, or the kind of device. */
  readonly kind: string;
  /** Its counters, by group; shown by the method `counters`. */
  readonly counters?: () => Readonly<Record<string, unknown>>;
  readonly commands?: RootCommandRunner;
  /** A node of the mesh has changed; called after the event is published. */
  readonly onNodeChange?: (change: { readonly node: number } & NodeChange) => void;
}

export interface Source {
  /**
   * Declares the data types that it will report; ids from 0x100 up, because smaller ones belong to the mesh's wire. Throws
   * if an id or a name is taken. They stay after it closes, so that stored values can still be read.
   */
  declare(types: readonly DataType[]): void;
  /**
   * Adds a device, with its last values of declared types. `address`: 0x10000 and up, the same after each restart; `id`:
   * as typed by people, up to 64 letters, digits and `:._-`. Throws if either is taken or not valid.
   */
  addDevice(address: number, id: string): void;
  /**
   * Reports one value of one of its devices. `at`: ms since the epoch by the device's own clock. Throws for a device of
   * another source, an undeclared type, and bytes of the wrong length.
   */
  report(address: number, type: DataType, bytes: Buffer, at?: number): void;
  /** The state of its own link; a lost link raises the alarm `LINK_LOST:<name>`. */
  setLink(status: LinkStatus): void;
  /** Removes its devices and clears its alarms. Later calls have no effect; they are counted. */
  close(): void;
}

/** The hub's write side, for sources of values (the mesh, devices). */
import type { LinkStatus } from '../link/link-keeper.js';
import type { DataType } from '../protocol/data-types.js';
import type { AlarmPriority } from './alarms.js';
import type { CommandDefinition } from './command-definition.js';
import type { Delivery, Expectation, Requester } from './deliveries.js';
import type { CommandRun } from './device-commands.js';
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
  /** Executes a command of one of its devices. Without it, the devices have no commands. */
  readonly onCommand?: (run: CommandRun) => void;
  /** An alarm of one of its devices was acknowledged; `code`: the device's own. */
  readonly onAcknowledged?: (address: number, code: string) => void;
  /** A node of the mesh has changed; called after the event is published. */
  readonly onNodeChange?: (change: { readonly node: number } & NodeChange) => void;
}

/** What is known of a device besides its values. */
export interface DeviceFacts {
  /** What it is, for people: `Keysight 34465A`. */
  readonly description?: string;
  readonly commands?: readonly CommandDefinition[];
}

/** An alarm that a device itself reports. */
export interface DeviceAlarm {
  /** The device's own code: a word or a number, up to 64 printable characters. */
  readonly code: string;
  readonly priority: AlarmPriority;
  readonly text: string;
  /** False: the condition ended as soon as it was reported. */
  readonly isLasting?: boolean;
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
  addDevice(address: number, id: string, facts?: DeviceFacts): void;
  /**
   * Removes one of its devices; its last values are back if it is added again. A command under way fails with `linkLost`.
   * Throws for a device of another source.
   */
  removeDevice(address: number): void;
  /**
   * Reports one value of one of its devices. `at`: ms since the epoch by the device's own clock. Throws for a device of
   * another source, an undeclared type, and bytes of the wrong length.
   */
  report(address: number, type: DataType, bytes: Buffer, at?: number): void;
  /**
   * Reports an alarm of a device: `DEVICE_ALARM`, latched until its condition is over and it is acknowledged. Throws for a
   * device of another source.
   */
  raiseAlarm(address: number, alarm: DeviceAlarm): void;
  /** The condition is over; ignored if no such alarm is active. Throws for a device of another source. */
  clearAlarm(address: number, code: string): void;
  /** The state of its own link; a lost link raises the alarm `LINK_LOST:<name>`. */
  setLink(status: LinkStatus): void;
  /** Removes its devices and clears its alarms. Later calls have no effect; they are counted. */
  close(): void;
}

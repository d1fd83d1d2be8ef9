/** The hub's write side: what a source of values (the mesh, a device) is given. */
import type { LinkStatus } from '../link/link-keeper.js';
import type { DataType } from '../protocol/data-types.js';
import type { AlarmPriority } from './alarms.js';
import type { CommandDefinition } from './command-definition.js';
import type { Delivery, Expectation, Requester } from './deliveries.js';
import type { CommandRun } from './device-commands.js';
import type { Command, NodeChange, Outcome, Sending } from './hub.js';

/** Carries out commands that go to the root; the mesh's source is the one that has it. */
export interface RootCommandRunner {
  execute(command: RootBoundCommand, owner: string): Promise<Outcome>;
  deliver(sending: Sending, by: Requester, expects?: Expectation): Delivery;
  releasePort(ms: number): Promise<void>;
  takePort(): void;
}

/** Every command but those that the hub carries out itself. */
export type RootBoundCommand = Exclude<Command, { kind: 'log' | 'setRobots' }>;

export interface SourceOptions {
  /** Unique among the open sources: `mesh`, `hev`. */
  readonly name: string;
  /** What it is: `mesh`, or the kind of device. */
  readonly kind: string;
  /** What it counts, by group; they appear in the method `counters`. */
  readonly counters?: () => Readonly<Record<string, unknown>>;
  readonly commands?: RootCommandRunner;
  /** Carries out a command of one of its devices. Without it, its devices have no commands. */
  readonly onCommand?: (run: CommandRun) => void;
  /** An alarm of one of its devices was acknowledged; `code`: the device's own. */
  readonly onAcknowledged?: (address: number, code: string) => void;
  /** A node of the mesh has changed; called once the event is out. */
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
   * Data types that it will report; ids from 0x100 up, since they have no byte on the mesh's wire. Throws where an id or a
   * name is taken. They stay when it closes: what is stored of them can still be read.
   */
  declare(types: readonly DataType[]): void;
  /**
   * Adds a device, with the last values that it had of the types that are declared. `address`: 0x10000 and up, the same
   * after each restart; `id`: what people type, up to 64 letters, digits and `:._-`. Throws where one is taken or can't be
   * used.
   */
  addDevice(address: number, id: string, facts?: DeviceFacts): void;
  /**
   * One value of one of its devices; `at`: ms since the epoch by the device's own clock. Throws for a device of another
   * source, a type that is not declared, and bytes that are not of the type.
   */
  report(address: number, type: DataType, bytes: Buffer, at?: number): void;
  /** A device reports an alarm: `DEVICE_ALARM`, latched until its condition is over and it is acknowledged. */
  raiseAlarm(address: number, alarm: DeviceAlarm): void;
  clearAlarm(address: number, code: string): void;
  /** The state of its own link; a lost one raises the alarm `LINK_LOST:<name>`. */
  setLink(status: LinkStatus): void;
  /** Its devices go, its alarms end. Nothing that is called afterwards has an effect; it is counted. */
  close(): void;
}

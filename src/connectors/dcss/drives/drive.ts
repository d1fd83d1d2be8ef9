/** What the names of DCSS stand for: something virtual, a node of the mesh, or a device of the gateway. */
import type { MotorStatus } from '../../../codecs/dcss/from-hardware.js';
import type { ShutterState } from '../../../codecs/dcss/to-hardware.js';

export interface Motor {
  /** Undefined while it is not known. */
  readonly position: number | undefined;
  /** Only one move at a time. Calls `onEnd` once. `speed`: units/s; the motor's own if undefined. */
  move(destination: number, onEnd: (status: MotorStatus) => void, speed?: number): void;
  /** Ends the move with `aborted`. */
  stop(): void;
  /** Defines where it is; false if it can't be defined. */
  define(position: number): boolean;
  setSpeed(speed: number): void;
  /** The position that DCSS has in its data base. */
  configure(position: number): void;
}

export interface Shutter {
  readonly state: ShutterState;
  /** Resolves with `normal`, or why it is not done; never rejects. */
  set(state: ShutterState): Promise<string>;
}

export interface IonChamber {
  /** Counts of this time; undefined if there is no value. */
  read(seconds: number): number | undefined;
}

export interface Encoder {
  readonly position: number | undefined;
  set(position: number): boolean;
}

export interface StringDevice {
  readonly contents: string;
  /** False if it can't be set by DCSS. */
  set(contents: string): boolean;
  /** Calls back when the contents have changed by themselves. */
  watch(onChange: () => void): () => void;
}

/** Finds what a name stands for; undefined if it stands for nothing. */
export interface Drives {
  motor(name: string): Motor | undefined;
  shutter(name: string, state: ShutterState): Shutter | undefined;
  ionChamber(name: string): IonChamber | undefined;
  encoder(name: string): Encoder | undefined;
  string(name: string): StringDevice | undefined;
}

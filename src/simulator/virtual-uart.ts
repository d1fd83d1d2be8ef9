import type { ModemLines } from '../link/link.js';

/** Gets what the root sends: a complete frame or console text. `atMs`: virtual milliseconds. */
export type OnRootBytes = (chunk: Buffer, atMs: number) => void;

/** The device was unplugged, for this many virtual milliseconds; its reader is disconnected. */
export type OnHungUp = (backAfterMs: number) => void;

/**
 * The serial port of a virtual root. A line with faults implements this too, around another one; it may then deliver
 * any bytes.
 */
export interface VirtualUart {
  /** Name for people: `virtual mesh of 12 nodes, seed 1`. */
  readonly name: string;
  /** False while the device is unplugged: it can't be opened then. */
  readonly isPlugged: boolean;
  /** Starts the root; does nothing if it is running. */
  start(): void;
  /** Sets the only reader, replacing the previous one; without a reader the root's bytes are lost. */
  connect(onBytes: OnRootBytes, onHungUp?: OnHungUp): () => void;
  /** Sends bytes to the root. They arrive at the clock's current time, but never before this call has returned. */
  receive(bytes: Buffer): void;
  /** Sets the modem lines, likewise: RTS without DTR holds the root in reset, and it boots when released. */
  setLines(lines: ModemLines): void;
  /** Stops everything for good. */
  stop(): void;
}

import type { ModemLines } from '../link/link.js';

/** Takes what the root sends: a whole frame, or console text. `atMs` is when, in virtual milliseconds. */
export type OnRootBytes = (chunk: Buffer, atMs: number) => void;

/** The device has been unplugged by itself, for so many virtual milliseconds; its reader is no longer connected. */
export type OnHungUp = (backAfterMs: number) => void;

/**
 * The serial port of a root that does not exist. What disturbs a line can be one of these too, in front of
 * another: what it hands on may then be any bytes.
 */
export interface VirtualUart {
  /** What a person calls it: `virtual mesh of 12 nodes, seed 1`. */
  readonly name: string;
  /** False while the device is unplugged: nobody can open it then. */
  readonly isPlugged: boolean;
  /** Switches the root on; does nothing when it is on. */
  start(): void;
  /** Plugs in the one reader, in place of the one before; without a reader the root's bytes are lost. */
  connect(onBytes: OnRootBytes, onHungUp?: OnHungUp): () => void;
  /** Bytes to the root. They arrive at the clock's present, but never before this call has returned. */
  receive(bytes: Buffer): void;
  /** The same for the modem lines, which reset the root: RTS without DTR holds it, and it boots when that ends. */
  setLines(lines: ModemLines): void;
  /** Switches everything off for good. */
  stop(): void;
}

import type { Timeline } from '../timeline.js';
import type { FaultCount, FaultCounters } from './fault-counters.js';

/** Why a frame did not arrive intact; names as in the fault file. */
export const LINE_FAULTS = {
  resets: 'the root reset in the middle of it, or before it was sent',
  silence: 'the port was stuck',
  log_text: 'a log line was printed into it',
  bytes: 'bits were flipped, or bytes lost or doubled',
  wrong_baud: 'it was sent at another baud rate',
  line: 'the line was too slow for what the root had to send',
} as const;

export type LineFaultName = keyof typeof LINE_FAULTS;

/** Describes bytes on the line. From the root they are a complete frame or console text, to the root any bytes. */
export interface Passing {
  /** Virtual milliseconds. */
  readonly atMs: number;
  readonly isFrame: boolean;
}

/** Disturbs bytes on the line, depending only on seed, time and the bytes, so that one frame's faults never affect another's. */
export interface LineFault {
  readonly name: LineFaultName;
  /** Returns the bytes that remain: the same ones, others, or none. */
  disturb(bytes: Buffer, passing: Passing): Buffer;
}

/** What every fault gets. */
export interface FaultContext {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly counters: FaultCounters;
  /** Reports, for people, that a fault has begun. */
  onBegin(what: string): void;
  /** Reports that a fault has ended, with its duration in virtual ms. `count`: which fault; of silences, what ended it. */
  onEnd(count: FaultCount, lastedMs: number): void;
}

import type { Timeline } from '../timeline.js';
import type { FaultCount, FaultCounters } from './fault-counters.js';

/** Why a frame did not arrive whole; as in the fault file. */
export const LINE_FAULTS = {
  resets: 'the root reset itself in the middle of it, or before it was sent',
  silence: 'the port was stuck',
  log_text: 'a log line was printed into it',
  bytes: 'bits were turned over, or bytes lost or doubled',
  wrong_baud: 'it was sent at another baud rate',
  line: 'the line was too slow for what the root had to send',
} as const;

export type LineFaultName = keyof typeof LINE_FAULTS;

/** Some bytes that go one way along the line: from the root a whole frame or console text, to it any. */
export interface Passing {
  /** Virtual milliseconds. */
  readonly atMs: number;
  readonly isFrame: boolean;
}

/** Disturbs what passes. What it does depends on seed, moment and bytes alone, so no traffic moves another's faults. */
export interface LineFault {
  readonly name: LineFaultName;
  /** What is left of the bytes: the same ones, others, or none. */
  disturb(bytes: Buffer, passing: Passing): Buffer;
}

/** What every fault is given. */
export interface FaultContext {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly counters: FaultCounters;
  /** Tells a person what has begun. */
  tell(what: string): void;
  /** A fault that lasts is over, after so many virtual milliseconds. `count`: which it was; of silences, what ended it. */
  over(count: FaultCount, lastedMs: number): void;
}

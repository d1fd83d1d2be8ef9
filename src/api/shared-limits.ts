/** What all clients share, by whatever socket they came: time, memory, and the texts of events. */
import type { Clock } from '../base/clock.js';
import { Turns } from '../base/turns.js';
import { ByteBudget } from './byte-budget.js';
import { EventTexts } from './event-texts.js';

/** Bytes that wait for clients of one role to read, before the worst of those that do not read is closed. */
export const MAX_UNREAD = 33_554_432;
/** A client that has taken something of what waits for it in this time reads. */
export const READING_MS = 1000;
/** Bytes of lines of one role that are unfinished or wait for their turn: each may have 1 MiB, but not all at once. */
export const MAX_UNFINISHED = 33_554_432;

export class SharedLimits {
  readonly turns: Turns;
  /** What clients have not read yet. */
  readonly unread: ByteBudget;
  /** What clients have sent, and is not carried out yet. */
  readonly unfinished: ByteBudget;

  readonly eventTexts = new EventTexts();

  constructor(clock: Clock) {
    this.turns = new Turns(clock);
    this.unread = new ByteBudget(clock, { limit: MAX_UNREAD, graceMs: READING_MS }, () => this.turns.wake());
    this.unfinished = new ByteBudget(clock, { limit: MAX_UNFINISHED, graceMs: 0 });
  }
}

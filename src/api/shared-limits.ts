/** Shared by all clients on all sockets: time, memory, and the texts of events. */
import type { Clock } from '../base/clock.js';
import { Turns } from '../base/turns.js';
import { ByteBudget } from './byte-budget.js';
import { EventTexts } from './event-texts.js';

/** Bytes unread by clients of one role; beyond that the worst slow readers are closed. */
export const MAX_UNREAD = 33_554_432;
/** A client that has read something within this time is not closed. */
export const READING_MS = 1000;
/** Bytes of unfinished or unprocessed lines of one role: each client may have 1 MiB, but not all at once. */
export const MAX_UNFINISHED = 33_554_432;

export class SharedLimits {
  readonly turns: Turns;
  /** Output that clients have not read yet. */
  readonly unread: ByteBudget;
  /** Input of clients that is not processed yet. */
  readonly unfinished: ByteBudget;

  readonly eventTexts = new EventTexts();

  constructor(clock: Clock) {
    this.turns = new Turns(clock);
    this.unread = new ByteBudget(clock, { limit: MAX_UNREAD, graceMs: READING_MS }, () => this.turns.wake());
    this.unfinished = new ByteBudget(clock, { limit: MAX_UNFINISHED, graceMs: 0 });
  }
}

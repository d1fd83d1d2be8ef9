/** Raises alarms about an instrument whose link is open, but that is silent or cannot be understood. */
import type { AlarmSink } from './alarms.js';

/** Lines in a row. */
const UNREADABLE_LINES = 20;
const MAX_SHOWN = 80;

export const SILENT = 'SILENT';
export const UNREADABLE = 'UNREADABLE';

export class Watchdog {
  readonly #sink: AlarmSink;
  #unreadable = 0;
  readonly #raised = new Set<string>();

  constructor(sink: AlarmSink) {
    this.#sink = sink;
  }

  /** A line was understood. */
  onHeard(): void {
    this.#unreadable = 0;
    this.#clear();
  }

  /** The link has its own alarm. */
  onLost(): void {
    this.#unreadable = 0;
    this.#clear();
  }

  onSilent(seconds: number): void {
    const lines = this.#unreadable === 0 ? 'nothing was received' : 'no line could be understood';
    this.#raise(SILENT, `the link is open, but ${lines} in ${seconds} s`);
  }

  /** `what`: the line, for people. */
  onUnreadable(what: string): void {
    this.#unreadable++;
    if (this.#unreadable !== UNREADABLE_LINES) return;
    const shown = what.length > MAX_SHOWN ? `${what.slice(0, MAX_SHOWN)}…` : what;
    this.#raise(
      UNREADABLE,
      `${UNREADABLE_LINES} lines in a row match no pattern; the last: ${shown}. Check the patterns and the baud rate`,
    );
  }

  #raise(code: string, text: string): void {
    if (this.#raised.has(code)) return;
    this.#raised.add(code);
    this.#sink.raise({ code, text, priority: 'medium' });
  }

  #clear(): void {
    for (const code of this.#raised) this.#sink.clear(code);
    this.#raised.clear();
  }
}

import createDebug from 'debug';
import { cleanLines } from './clean-text.js';
import { type Clock, systemClock } from './clock.js';
import { goesToJournal, type Level, withPriority } from './journal.js';
import { formatTimeOfDay, offsetIfRepeated } from './local-time.js';

/** The log of one room. */
export interface Log {
  /** If false, `debug` prints nothing, and callers can skip building its text. */
  readonly isDebugging: boolean;
  /** Printed only with `DEBUG=meshgate:…`. */
  debug(format: string, ...values: unknown[]): void;
  /**
   * News for the operator: always printed. Frequent messages have a `reason`; repeats of one reason become one line with a
   * count.
   */
  info(text: string, reason?: string): void;
  /**
   * Something that the operator should act on: always printed. Repeats of one `fault` become one line with a count. Faults
   * are a closed list: variable parts (addresses, clients, topics) are only in `text`, so that nobody can flood the log.
   */
  warn(fault: string, text: string): void;
  /**
   * A bug of the gateway: an unexpected exception, a thread that died. Repeats are counted as in `warn`.
   */
  error(fault: string, text: string): void;
}

/** Repeats of a fault within this time are counted instead of printed. */
const BURST_MS = 10_000;
/** Maximum number of faults that are counted separately; the others are counted as one. */
const MAX_BURSTS = 100;
const FURTHER_FAULTS = 'further faults';

interface Burst {
  readonly level: Level;
  repeats: number;
  lastText: string;
}

/** `text`: lines for people. `json`: one object per line, for programs that collect logs. */
export type LogFormat = 'text' | 'json';

/** One log line; `repeats`: occurrences of the fault since it was last printed. */
interface Entry {
  readonly level: Level;
  readonly text: string;
  readonly fault?: string;
  readonly repeats?: number;
}

/** Writes one line; by default to standard error, so that standard output has only results. */
export type WriteLine = (line: string, level: Level) => void;

/** Adds the priority if standard error is connected to the journal. */
function stderrWriter(): WriteLine {
  const isJournal = goesToJournal(process.env, process.stderr.fd);
  return (line, level) => process.stderr.write(`${isJournal ? withPriority(line, level) : line}\n`);
}

/** A log for one room; `DEBUG=meshgate:<room>` prints its details. `format` is called for each line: it may change. */
export function createLog(
  room: string,
  writeLine: WriteLine = stderrWriter(),
  clock: Clock = systemClock,
  format: () => LogFormat = () => 'text',
): Log {
  const bursts = new Map<string, Burst>();
  const debug = createDebug(`meshgate:${room}`);
  const print = (entry: Entry) => {
    const asLine = format() === 'json' ? jsonLine : textLine;
    writeLine(asLine(room, entry, clock.now()), entry.level);
  };

  function endBurst(fault: string): void {
    const burst = bursts.get(fault);
    bursts.delete(fault);
    if (!burst || burst.repeats === 0) return;
    const { level, lastText: text, repeats } = burst;
    print({ level, text, ...(level !== 'info' && { fault }), repeats });
  }

  function beginBurst(level: Level, fault: string, text: string): void {
    print({ level, text, ...(level !== 'info' && { fault, repeats: 0 }) });
    bursts.set(fault, { level, repeats: 0, lastText: text });
    clock.after(BURST_MS, () => endBurst(fault));
  }

  function fold(level: Level, fault: string, text: string): void {
    const key = bursts.has(fault) || bursts.size < MAX_BURSTS ? fault : FURTHER_FAULTS;
    const burst = bursts.get(key);
    if (!burst) {
      beginBurst(level, key, text);
      return;
    }
    burst.repeats++;
    burst.lastText = text;
  }

  function complain(level: Level, fault: string, text: string): void {
    debug('%s', text);
    fold(level, fault, text);
  }

  return {
    get isDebugging() {
      return debug.enabled;
    },
    debug: (format, ...values) => debug(format, ...values),
    info: (text, reason) =>
      reason === undefined ? print({ level: 'info', text }) : fold('info', reason, text),
    warn: (fault, text) => complain('warn', fault, text),
    error: (fault, text) => complain('error', fault, text),
  };
}

/** `12:30:05 uart: the link is up`: local time; in an hour that repeats, with its offset. Errors are marked. */
function textLine(room: string, { level, text, repeats = 0 }: Entry, now: number): string {
  const more = repeats === 0 ? '' : ` (${repeats} more in ${BURST_MS / 1000} s)`;
  const time = `${formatTimeOfDay(now)}${offsetIfRepeated(now)}`;
  const head = `${time} ${room}: ${level === 'error' ? 'error: ' : ''}`;
  return `${head}${cleanLines(text, '    ')}${more}`;
}

function jsonLine(room: string, { level, text, ...entry }: Entry, now: number): string {
  const time = new Date(now).toISOString();
  return JSON.stringify({ time, level, room, text: cleanLines(text, ''), ...entry });
}

import createDebug from 'debug';
import { cleanLines } from './clean-text.js';
import { type Clock, systemClock } from './clock.js';
import { goesToJournal, type Level, withPriority } from './journal.js';

/** What a room may say. */
export interface Log {
  /** False: `debug` says nothing, and what it would say need not be put together. */
  readonly isDebugging: boolean;
  /** Seen only with `DEBUG=meshgate:…`. */
  debug(format: string, ...values: unknown[]): void;
  /**
   * What a person who runs the gateway wants to know: shown always. What can come often has a `reason`, whose repeats
   * become one line with a count.
   */
  info(text: string, reason?: string): void;
  /**
   * What that person should do something about: shown always. Repeats of one `fault` become one line with a count. A
   * fault is one of a closed list: what varies with who or what is at fault (addresses, clients, topics) is in `text`
   * alone, so that nobody can fill the log.
   */
  warn(fault: string, text: string): void;
  /**
   * The gateway's own mistake: an exception that nobody expected, a thread that died. To be reported to its makers.
   * Repeats are counted as those of `warn` are.
   */
  error(fault: string, text: string): void;
}

/** A fault that comes again within this time is counted instead of printed. */
const BURST_MS = 10_000;
/** Different faults that are counted apart, should a fault vary all the same; further ones are counted as one. */
const MAX_BURSTS = 100;
const FURTHER_FAULTS = 'further faults';

interface Burst {
  readonly level: Level;
  repeats: number;
  lastText: string;
}

/** `text`: lines for people. `json`: one object a line, for programs that collect logs. */
export type LogFormat = 'text' | 'json';

/** What a line tells; `repeats`: how often the fault has come again since it was printed last. */
interface Entry {
  readonly level: Level;
  readonly text: string;
  readonly fault?: string;
  readonly repeats?: number;
}

/** Where lines for people go: standard error, so that standard output stays free for results. */
export type WriteLine = (line: string, level: Level) => void;

/** With its priority, where standard error goes to the journal. */
function stderrWriter(): WriteLine {
  const isJournal = goesToJournal(process.env, process.stderr.fd);
  return (line, level) => process.stderr.write(`${isJournal ? withPriority(line, level) : line}\n`);
}

/** A log for one room; `DEBUG=meshgate:<room>` shows its details. `format` is asked for each line: it may change. */
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

/** `12:30:05 uart: the link is up`: the time of day in UTC. Errors say that they are. */
function textLine(room: string, { level, text, repeats = 0 }: Entry, now: number): string {
  const more = repeats === 0 ? '' : ` (${repeats} more in ${BURST_MS / 1000} s)`;
  const head = `${new Date(now).toISOString().slice(11, 19)} ${room}: ${level === 'error' ? 'error: ' : ''}`;
  return `${head}${cleanLines(text, '    ')}${more}`;
}

function jsonLine(room: string, { level, text, ...entry }: Entry, now: number): string {
  const time = new Date(now).toISOString();
  return JSON.stringify({ time, level, room, text: cleanLines(text, ''), ...entry });
}

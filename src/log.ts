import createDebug from 'debug';
import { type Clock, systemClock } from './clock.js';

/** What a room may say. */
export interface Log {
  /** Seen only with `DEBUG=meshgate:…`. */
  debug(format: string, ...values: unknown[]): void;
  /** What a person who runs the gateway wants to know: shown always. */
  info(text: string): void;
  /** What that person should do something about: shown always. Repeats of one `fault` become one line with a count. */
  warn(fault: string, text: string): void;
}

/** A fault that comes again within this time is counted instead of printed. */
const BURST_MS = 10_000;
/** Different faults that are counted apart; all further ones are counted as one. */
const MAX_BURSTS = 100;
const FURTHER_FAULTS = 'further faults';

interface Burst {
  repeats: number;
  lastText: string;
}

/** Where lines for people go: standard error, so that standard output stays free for results. */
export type WriteLine = (line: string) => void;

const writeToStderr: WriteLine = (line) => process.stderr.write(`${line}\n`);

/** A log for one room; `DEBUG=meshgate:<room>` shows its details. */
export function createLog(
  room: string,
  writeLine: WriteLine = writeToStderr,
  clock: Clock = systemClock,
): Log {
  const bursts = new Map<string, Burst>();
  const debug = createDebug(`meshgate:${room}`);
  const print = (text: string) => writeLine(`${timeOfDay(clock.now())} ${room}: ${text}`);

  function endBurst(fault: string): void {
    const burst = bursts.get(fault);
    bursts.delete(fault);
    if (burst && burst.repeats > 0) {
      print(`${burst.lastText} (${burst.repeats} more in ${BURST_MS / 1000} s)`);
    }
  }

  function beginBurst(fault: string, text: string): void {
    print(text);
    bursts.set(fault, { repeats: 0, lastText: text });
    clock.after(BURST_MS, () => endBurst(fault));
  }

  function warn(fault: string, text: string): void {
    debug('%s', text);
    const key = bursts.has(fault) || bursts.size < MAX_BURSTS ? fault : FURTHER_FAULTS;
    const burst = bursts.get(key);
    if (!burst) {
      beginBurst(key, text);
      return;
    }
    burst.repeats++;
    burst.lastText = text;
  }

  return { debug: (format, ...values) => debug(format, ...values), info: print, warn };
}

function timeOfDay(now: number): string {
  return new Date(now).toISOString().slice(11, 19);
}

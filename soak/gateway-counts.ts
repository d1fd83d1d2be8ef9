import { Tally } from './tally.js';

/** The gateway's counters that are added up over all its processes. */
const SUMMED = [
  'uart.received',
  'uart.dropped',
  'uart.sent',
  'uart.linkLosses',
  'malformed',
  'clients.sockets.ended',
];

/** Counters over successive processes; those of a killed process are from the last poll. */
export class GatewayCounts {
  readonly #ended = new Tally();
  #present: ReadonlyMap<string, number> = new Map();

  onCounters(counters: Readonly<Record<string, unknown>>): void {
    this.#present = new Map(SUMMED.flatMap((path) => numbersAt(counters, path)));
  }

  onProcessEnd(): void {
    for (const [name, count] of this.#present) this.#ended.add(name, count);
    this.#present = new Map();
  }

  /** Call this after the last process has ended. */
  sums(prefix: string): Record<string, number> {
    const all = Object.entries(this.#ended.snapshot()).filter(([name]) => name.startsWith(`${prefix}.`));
    return Object.fromEntries(all.map(([name, count]) => [name.slice(prefix.length + 1), count]));
  }
}

function numbersAt(counters: Readonly<Record<string, unknown>>, path: string): [string, number][] {
  let at: unknown = counters;
  for (const key of path.split('.')) at = (at as Record<string, unknown> | undefined)?.[key];
  return Object.entries((at ?? {}) as Record<string, unknown>).flatMap(([name, count]) =>
    typeof count === 'number' ? [[`${path}.${name}`, count] as [string, number]] : [],
  );
}

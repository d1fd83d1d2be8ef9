/** Progress of an export, on one line of a terminal. */

/** Minimum time between two updates. */
const DRAW_EVERY_MS = 100;
const BAR_WIDTH = 30;
const CLEAR_LINE = '\r\x1b[K';

export class ExportProgress {
  readonly #write: (text: string) => void;
  #values = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** `write`: to the terminal. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** `values`: written since the last call; `share`: of the export done, 0 to 1; `now`: monotonic ms. */
  advance(values: number, share: number, now: number): void {
    this.#values += values;
    if (now < this.#drawnAt + DRAW_EVERY_MS) return;
    this.#drawnAt = now;
    this.#write(`${CLEAR_LINE}${formatProgress(this.#values, share)}`);
  }

  /** Erases the line. */
  clear(): void {
    if (this.#drawnAt !== Number.NEGATIVE_INFINITY) this.#write(CLEAR_LINE);
  }

  /** `12,345 values` */
  total(): string {
    return formatCount(this.#values);
  }
}

/** `[#########.....................]  30 %  12,345 values` */
export function formatProgress(values: number, share: number): string {
  const done = Math.round(share * BAR_WIDTH);
  const bar = `${'#'.repeat(done)}${'.'.repeat(BAR_WIDTH - done)}`;
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${formatCount(values)}`;
}

function formatCount(values: number): string {
  return `${values.toLocaleString('en')} value${values === 1 ? '' : 's'}`;
}

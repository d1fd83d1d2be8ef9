import { setTimeout as pause } from 'node:timers/promises';

/** An idle machine needs milliseconds for what a test waits for; a busy one may need many seconds. */
export const PATIENCE_MS = 45_000;
const LOOK_EVERY_MS = 5;

/** Waits for something in input that arrives in pieces: each arrival is checked. */
export class Waiters {
  readonly #looks = new Set<() => void>();
  readonly #describe: () => string;
  #isOver = false;

  /** `describe`: the input so far, for the error of a wait that times out. */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  /** Call this when something has arrived. */
  look(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Nothing more can arrive: pending waits are rejected. */
  end(): void {
    this.#isOver = true;
    this.look();
  }

  /** Resolves with what `find` finds. */
  until<Found>(find: () => Found | undefined | null | false): Promise<NonNullable<Found>> {
    return new Promise((resolve, reject) => {
      const forget = () => {
        clearTimeout(timer);
        this.#looks.delete(look);
      };
      const fail = (why: string) => {
        forget();
        reject(new Error(`${why}; so far: ${this.#describe()}`));
      };
      const look = () => {
        const found = find();
        if (found === undefined || found === null || found === false) {
          if (this.#isOver) fail('it ended first');
          return;
        }
        forget();
        resolve(found);
      };
      const timer = setTimeout(() => fail(`it did not come within ${PATIENCE_MS} ms`), PATIENCE_MS);
      this.#looks.add(look);
      look();
    });
  }
}

/** Checks again after a few ms, or after `turn`; rejects when it does not come true. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  turn: () => Promise<unknown> = () => pause(LOOK_EVERY_MS),
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await turn();
  }
}

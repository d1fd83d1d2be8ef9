/** Gathers events until the next frame is drawn: a thousand a second cost sixty renderings, not a thousand. */
import type { MeshEvent } from '../../api/shapes.js';

/** A page in the background draws no frames; it takes what has come this often. */
const HIDDEN_PAUSE_MS = 1000;
/** Events that wait at most, whatever the browser does about frames. */
const MAX_WAITING = 5000;

export class EventBatch {
  readonly #apply: (events: readonly MeshEvent[]) => void;
  readonly #tell: () => void;
  #events: MeshEvent[] = [];
  #isScheduled = false;

  /** `apply` takes events in their order; `tell` then shows what has come of them. */
  constructor(apply: (events: readonly MeshEvent[]) => void, tell: () => void) {
    this.#apply = apply;
    this.#tell = tell;
    document.addEventListener('visibilitychange', () => this.#run());
  }

  add(event: MeshEvent): void {
    this.#events.push(event);
    if (this.#events.length >= MAX_WAITING) this.flush();
    this.schedule();
  }

  /** Applies what waits, so that what comes next is newer than it. */
  flush(): void {
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) this.#apply(events);
  }

  /** Shows what has changed with the next frame. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (document.hidden) setTimeout(() => this.#run(), HIDDEN_PAUSE_MS);
    else requestAnimationFrame(() => this.#run());
  }

  #run(): void {
    if (!this.#isScheduled) return;
    this.#isScheduled = false;
    this.flush();
    this.#tell();
  }
}

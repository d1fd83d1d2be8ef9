/** Collects events until the next frame: a thousand per second cost sixty renders, not a thousand. */
import type { MeshEvent } from '../../api/shapes.js';

/** A hidden page draws no frames; it applies events this often. */
const HIDDEN_PAUSE_MS = 1000;
/** Events waiting at most, however rarely the browser draws frames. */
const MAX_WAITING = 5000;

export class EventBatch {
  readonly #apply: (events: readonly MeshEvent[]) => void;
  readonly #notify: () => void;
  #events: MeshEvent[] = [];
  #isScheduled = false;

  /** `apply` is called with the events in order, then `notify` to show the result. */
  constructor(apply: (events: readonly MeshEvent[]) => void, notify: () => void) {
    this.#apply = apply;
    this.#notify = notify;
    document.addEventListener('visibilitychange', () => this.#run());
  }

  add(event: MeshEvent): void {
    this.#events.push(event);
    if (this.#events.length >= MAX_WAITING) this.flush();
    this.schedule();
  }

  /** Applies the waiting events. */
  flush(): void {
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) this.#apply(events);
  }

  /** Shows changes with the next frame. */
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
    this.#notify();
  }
}

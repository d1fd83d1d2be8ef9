import type { MeshEvent, Snapshot } from '../api/shapes.js';

/** Events of a subscription. A `gap` has the numbers of events that will never arrive, both ends included. */
export type StreamEvent =
  | MeshEvent
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number | null; readonly where: GapSource };

/** Where events were lost: the gateway no longer has them, the connection was too slow, or the program left them unread. */
export type GapSource = 'gateway' | 'connection' | 'program';

/** Events queued for the program; beyond that they are reported as a gap. */
const MAX_WAITING = 10_000;

/** Events in order, for one reader. */
export class EventStream implements AsyncIterableIterator<StreamEvent> {
  readonly #onEnd: () => void;
  #waiting: StreamEvent[] = [];
  #wake: (() => void) | undefined;
  #failure: Error | undefined;
  #isEnded = false;

  /** `onEnd`: called once, when the reader stops or the stream fails. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(event: StreamEvent): void {
    if (this.#isEnded) return;
    const last = this.#waiting.at(-1);
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(event);
    else this.#waiting[this.#waiting.length - 1] = overflow(last, event);
    this.#wake?.();
  }

  /** Ends the stream, with an error if given; queued events can still be read. */
  end(failure?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    this.#wake?.();
    this.#onEnd();
  }

  async next(): Promise<IteratorResult<StreamEvent>> {
    while (this.#waiting.length === 0 && !this.#isEnded) await this.#nextPush();
    const event = this.#waiting.shift();
    if (event) return { done: false, value: event };
    if (this.#failure) throw this.#failure;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<StreamEvent>> {
    this.#waiting = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #nextPush(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** A full queue ends with a growing gap that covers the events (and any snapshot) that did not fit. */
function overflow(last: StreamEvent | undefined, event: StreamEvent): StreamEvent {
  const { from, to } = join(rangeOf(last), rangeOf(event));
  return { kind: 'gap', from, to, where: 'program' };
}

interface EventRange {
  readonly from: number;
  /** null: the numbering has restarted. */
  readonly to: number | null;
}

function rangeOf(event: StreamEvent | undefined): EventRange {
  if (event?.kind === 'gap') return event;
  const seq = event?.kind === 'snapshot' ? event.snapshot.seq : (event?.seq ?? 0);
  return { from: seq, to: seq };
}

function join(first: EventRange, second: EventRange): EventRange {
  if (first.to === null || second.to === null) return { from: first.from, to: null };
  return { from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) };
}

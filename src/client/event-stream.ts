import type { MeshEvent, Snapshot } from '../api/shapes.js';

/** What a subscription gives. A `gap` tells numbers of events that will never come, both ends included. */
export type StreamEvent =
  | MeshEvent
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number | null; readonly where: GapPlace };

/** Where events were lost: `gateway` no longer holds them, `connection` was too slow, `program` left them unread. */
export type GapPlace = 'gateway' | 'connection' | 'program';

/** Events that wait for a program which does not take them; more are told as a gap. */
const MAX_WAITING = 10_000;

/** Events in order, for one reader. */
export class EventStream implements AsyncIterableIterator<StreamEvent> {
  readonly #onEnd: () => void;
  #waiting: StreamEvent[] = [];
  #wake: (() => void) | undefined;
  #failure: Error | undefined;
  #isEnded = false;

  /** `onEnd`: called once, when the reader has left or the stream has failed. */
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

  /** Ends it for the reader, with an error where there is one; what waits is still given. */
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

/** The last place in a full queue tells what found none: a gap that grows. A snapshot that finds none is lost in it. */
function overflow(last: StreamEvent | undefined, event: StreamEvent): StreamEvent {
  const { from, to } = joined(numbersOf(last), numbersOf(event));
  return { kind: 'gap', from, to, where: 'program' };
}

interface Numbers {
  readonly from: number;
  /** null: the numbering has begun anew since. */
  readonly to: number | null;
}

function numbersOf(event: StreamEvent | undefined): Numbers {
  if (event?.kind === 'gap') return event;
  const seq = event?.kind === 'snapshot' ? event.snapshot.seq : (event?.seq ?? 0);
  return { from: seq, to: seq };
}

function joined(first: Numbers, second: Numbers): Numbers {
  if (first.to === null || second.to === null) return { from: first.from, to: null };
  return { from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) };
}

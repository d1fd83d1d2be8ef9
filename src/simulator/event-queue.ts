/** Something that happens at a moment of virtual time; of two at the same moment the lower `order` is first. */
export interface TimedEvent {
  /** Virtual milliseconds. */
  readonly due: number;
  readonly order: number;
  /** Undefined once cancelled. */
  task: (() => void) | undefined;
}

/** A binary heap: adding and taking the next cost O(log n). */
export class EventQueue {
  readonly #heap: TimedEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): TimedEvent | undefined {
    return this.#heap[0];
  }

  add(event: TimedEvent): void {
    const heap = this.#heap;
    let hole = heap.length;
    while (hole > 0) {
      const parentAt = (hole - 1) >> 1;
      const parent = heap[parentAt] as TimedEvent;
      if (isBefore(parent, event)) break;
      heap[hole] = parent;
      hole = parentAt;
    }
    heap[hole] = event;
  }

  take(): TimedEvent | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) this.#sinkFromTop(last);
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #sinkFromTop(event: TimedEvent): void {
    const heap = this.#heap;
    let hole = 0;
    for (let childAt = 1; childAt < heap.length; childAt = 2 * hole + 1) {
      if (
        childAt + 1 < heap.length &&
        isBefore(heap[childAt + 1] as TimedEvent, heap[childAt] as TimedEvent)
      ) {
        childAt++;
      }
      const child = heap[childAt] as TimedEvent;
      if (isBefore(event, child)) break;
      heap[hole] = child;
      hole = childAt;
    }
    heap[hole] = event;
  }
}

function isBefore(one: TimedEvent, other: TimedEvent): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}

import type { Span } from '../span.js';
import { disturb } from './disturb.js';
import type { FaultContext, LineFault } from './fault.js';
import { LineSpeed } from './line-speed.js';

export interface ToRootOptions {
  /** Applied in this order. */
  readonly faults: readonly LineFault[];
  /** Without it, bytes arrive at once. */
  readonly line: { readonly baud: number } | undefined;
  /** Delivers bytes to the root. */
  deliver(bytes: Buffer): void;
}

/** The root polls its UART this often. */
const LATENCY_MS: Span = { min: 1, max: 1 };

/** The line from the gateway to the root, with its faults. */
export class ToRoot {
  readonly #context: FaultContext;
  readonly #options: ToRootOptions;
  readonly #speed: LineSpeed<undefined> | undefined;

  constructor(context: FaultContext, options: ToRootOptions) {
    this.#context = context;
    this.#options = options;
    this.#speed =
      options.line &&
      new LineSpeed(context, {
        ...options.line,
        direction: 'to root',
        latency: LATENCY_MS,
        deliver: (bytes) => options.deliver(bytes),
      });
  }

  send(bytes: Buffer): void {
    const passing = { atMs: this.#context.timeline.now, isFrame: false };
    const left = disturb(this.#options.faults, bytes, passing).bytes;
    if (left.length === 0) return;
    if (!this.#speed) this.#options.deliver(left);
    else if (!this.#speed.send(left, undefined)) this.#context.counters.add('framesOverflowed');
  }
}

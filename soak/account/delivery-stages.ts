import type { DeliveryInfo } from '../../src/api/shapes.js';
import { Tally } from '../tally.js';

/** The fate of each message to the mesh, from the delivery events. */
export class DeliveryStages {
  readonly ended = new Tally();
  readonly #open = new Map<string, string>();

  onDelivery({ id, stage, failure }: DeliveryInfo): void {
    this.#open.set(id, stage);
    if (stage !== 'answered' && stage !== 'failed') return;
    this.#open.delete(id);
    this.ended.add(failure === null ? stage : `failed: ${failure}`);
  }

  /** The process has ended: messages that it had not written are lost, and their senders have been notified. */
  onProcessEnd(): void {
    for (const stage of this.#open.values()) {
      this.ended.add(stage === 'queued' ? 'queued when the gateway was ended' : stage);
    }
    this.#open.clear();
  }

  /** At the end no message may still be queued. Returns how many are. */
  finish(): number {
    const forgotten = [...this.#open.values()].filter((stage) => stage === 'queued').length;
    for (const stage of this.#open.values()) if (stage !== 'queued') this.ended.add(stage);
    this.#open.clear();
    return forgotten;
  }
}

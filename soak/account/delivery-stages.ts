import type { DeliveryInfo } from '../../src/api/shapes.js';
import { Tally } from '../tally.js';

/** What became of each message to the mesh, as the delivery events tell it. */
export class DeliveryStages {
  readonly ended = new Tally();
  readonly #open = new Map<string, string>();

  onDelivery({ id, stage, failure }: DeliveryInfo): void {
    this.#open.set(id, stage);
    if (stage !== 'answered' && stage !== 'failed') return;
    this.#open.delete(id);
    this.ended.add(failure === null ? stage : `failed: ${failure}`);
  }

  /** The process has ended: what it had not written is lost with it, which the senders were told. */
  onProcessEnd(): void {
    for (const stage of this.#open.values()) {
      this.ended.add(stage === 'queued' ? 'queued when the gateway was ended' : stage);
    }
    this.#open.clear();
  }

  /** Nothing is under way any more: a message that is still queued has been forgotten. Returns how many. */
  finish(): number {
    const forgotten = [...this.#open.values()].filter((stage) => stage === 'queued').length;
    for (const stage of this.#open.values()) if (stage !== 'queued') this.ended.add(stage);
    this.#open.clear();
    return forgotten;
  }
}

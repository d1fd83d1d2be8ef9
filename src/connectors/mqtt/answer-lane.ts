import type { Publication } from '../../mqtt/broker.js';
import type { Lane, LanePublication } from './outbox.js';

/** Answers that may wait; when commands come faster than the broker takes answers, some answers are dropped. */
const MAX_WAITING = 1000;
/** Total characters of waiting answers. One snapshot of the largest mesh fits. */
const MAX_WAITING_LENGTH = 67_108_864;

/** Answers to commands, held until the broker takes them. When the connection is lost they are dropped. */
export class AnswerLane implements Lane {
  #waiting: Publication[] = [];
  #length = 0;
  #dropped = 0;

  get dropped(): number {
    return this.#dropped;
  }

  push(answer: Publication): void {
    const isFull =
      this.#waiting.length >= MAX_WAITING || this.#length + answer.payload.length > MAX_WAITING_LENGTH;
    if (isFull) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(answer);
    this.#length += answer.payload.length;
  }

  next(): LanePublication | undefined {
    const answer = this.#waiting.shift();
    if (answer) this.#length -= answer.payload.length;
    return answer;
  }

  restart(): void {
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    this.#length = 0;
  }
}

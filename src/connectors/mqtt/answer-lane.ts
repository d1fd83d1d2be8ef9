import type { Publication } from '../../mqtt/broker.js';
import type { Lane, LanePublication } from './outbox.js';

/** Answers that may wait; a program that gives commands faster than the broker takes answers loses some. */
const MAX_WAITING = 1000;
/** Their characters. One snapshot of the largest mesh fits. */
const MAX_WAITING_LENGTH = 67_108_864;

/** Answers to commands, until the broker takes them. Those of a lost connection are dropped: who asked is gone too. */
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

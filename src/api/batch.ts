import { type JsonText, JsonWriter, lengthOf } from './long-reply.js';

/** The outcome of a request; a notification has no text. */
export interface Answer {
  readonly text: JsonText | undefined;
  readonly afterReply?: (() => void) | undefined;
  readonly isUnobserved?: boolean;
}

/** Bytes of the replies to one batch, which also limits its work; further requests are refused. */
const MAX_REPLY = 8_388_608;

/** Collects the answers to one batch until all have arrived. */
export class Batch {
  readonly #answers: (Answer | undefined)[];
  readonly #onHeld: (bytes: number) => void;
  #pending: number;
  #bytes = 0;
  /** Called once, when all answers have arrived. */
  onComplete: () => void = () => {};

  /** `onHeld`: called with the change in the number of bytes held. */
  constructor(length: number, onHeld: (bytes: number) => void) {
    this.#answers = new Array<Answer | undefined>(length).fill(undefined);
    this.#pending = length;
    this.#onHeld = onHeld;
  }

  /** The replies are over the limit: no further requests are carried out. */
  get isTooLong(): boolean {
    return this.#bytes > MAX_REPLY;
  }

  answer(index: number, answer: Answer): void {
    const bytes = answer.text === undefined ? 0 : lengthOf(answer.text);
    this.#answers[index] = answer;
    this.#bytes += bytes;
    this.#onHeld(bytes);
    this.#pending--;
    if (this.#pending === 0) this.onComplete();
  }

  /** One array in the order of the requests; undefined if all were notifications. Releases the held bytes. */
  text(): JsonText | undefined {
    this.#onHeld(-this.#bytes);
    const writer = new JsonWriter();
    for (const answer of this.#answers) {
      if (answer?.text === undefined) continue;
      writer.add(writer.length === 0 ? '[' : ',');
      writer.add(answer.text);
    }
    if (writer.length === 0) return undefined;
    writer.add(']');
    return writer.finish();
  }

  /** Actions to run after the reply has been sent. */
  *afterReplies(): Generator<() => void> {
    for (const answer of this.#answers) if (answer?.afterReply) yield answer.afterReply;
  }
}

import { type JsonText, JsonWriter, lengthOf } from './long-reply.js';

/** What a request comes to; a notification gets no text. */
export interface Answer {
  readonly text: JsonText | undefined;
  readonly afterReply?: (() => void) | undefined;
  readonly isUntapped?: boolean;
}

/** Bytes of one batch's replies, and so of its work; what would come on top of that is refused. */
const MAX_REPLY = 8_388_608;

/** The answers of one batch, until the last is there. */
export class Batch {
  readonly #answers: (Answer | undefined)[];
  readonly #onHeld: (bytes: number) => void;
  #missing: number;
  #bytes = 0;
  /** Called once, when all answers are there. */
  onWhole: () => void = () => {};

  /** `onHeld`: so many more bytes are held; below zero: fewer. */
  constructor(length: number, onHeld: (bytes: number) => void) {
    this.#answers = new Array<Answer | undefined>(length).fill(undefined);
    this.#missing = length;
    this.#onHeld = onHeld;
  }

  /** No further request of it is carried out. */
  get isTooLong(): boolean {
    return this.#bytes > MAX_REPLY;
  }

  answer(index: number, answer: Answer): void {
    const bytes = answer.text === undefined ? 0 : lengthOf(answer.text);
    this.#answers[index] = answer;
    this.#bytes += bytes;
    this.#onHeld(bytes);
    this.#missing--;
    if (this.#missing === 0) this.onWhole();
  }

  /** One array in the order of the requests; undefined when all were notifications. Nothing is held after it. */
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

  /** What is to be done when the reply is out. */
  *afterReplies(): Generator<() => void> {
    for (const answer of this.#answers) if (answer?.afterReply) yield answer.afterReply;
  }
}

import { type EnvelopeForm, encodeEnvelope } from '../../codecs/dataforge/envelope.js';
import type { Meta } from '../../codecs/dataforge/hv-messages.js';

export interface MessageContent {
  readonly meta: Meta;
  readonly data?: Buffer;
  readonly dataType?: number;
  /** Of a reading: a slow client gets the newest of each key only. Anything else is never dropped. */
  readonly readingOf?: string;
}

/** Something to say, encoded once for all clients of a form. */
export class Message {
  readonly content: MessageContent;
  readonly #at: number;
  readonly #envelopes = new Map<EnvelopeForm, Buffer>();
  #text: Buffer | undefined;

  /** `at`: ms since the epoch. */
  constructor(content: MessageContent, at: number) {
    this.content = content;
    this.#at = at;
  }

  envelope(form: EnvelopeForm): Buffer {
    const known = this.#envelopes.get(form);
    if (known) return known;
    const bytes = encodeEnvelope(this.content, { form, at: this.#at });
    this.#envelopes.set(form, bytes);
    return bytes;
  }

  /** For websockets, which carry the meta alone. */
  get text(): Buffer {
    this.#text ??= Buffer.from(JSON.stringify(this.content.meta));
    return this.#text;
  }
}

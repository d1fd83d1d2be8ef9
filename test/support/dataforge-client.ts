import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  type Envelope,
  encodeEnvelope,
  type MetaStyle,
  type NewEnvelope,
} from '../../src/codecs/dataforge/envelope.js';
import { EnvelopeReader } from '../../src/codecs/dataforge/envelope-reader.js';
import { Waiters } from './waiters.js';

export type Meta = Readonly<Record<string, unknown>>;

/** A program of the high-voltage supply, with either kind of writer. */
export class DataforgeClient {
  readonly socket: Socket;
  readonly envelopes: Envelope[] = [];
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>;
  readonly #reader = new EnvelopeReader({ maxMeta: 16_777_216, maxData: 16_777_216 });
  readonly #waiters = new Waiters(() => JSON.stringify(this.metas).slice(-2000));

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const received of this.#reader.push(chunk))
        if ('envelope' in received) this.envelopes.push(received.envelope);
      this.#waiters.look();
    });
  }

  static async open(port: number): Promise<DataforgeClient> {
    const client = new DataforgeClient(connect(port, '127.0.0.1'));
    await once(client.socket, 'connect');
    return client;
  }

  get metas(): Meta[] {
    return this.envelopes.map(({ meta }) => meta as Meta);
  }

  say(content: NewEnvelope, style: MetaStyle = 'online'): void {
    this.socket.write(encodeEnvelope(content, { form: 'tagged', at: Date.now(), style }));
  }

  /** The first message that fits, whether or not it was there before. */
  find(fits: (meta: Meta) => boolean): Promise<Meta> {
    return this.#waiters.until(() => this.metas.find(fits));
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

export const set = (voltage: unknown, more: object = {}): NewEnvelope => ({
  meta: { type: 'command', command_type: 'set_voltage', block: '1', voltage, ...more },
});

export const check = (
  voltage: number,
  maxError: number,
  timeout: number,
  more: object = {},
): NewEnvelope => ({
  meta: {
    type: 'command',
    command_type: 'set_voltage_and_check',
    block: '1',
    voltage,
    max_error: maxError,
    timeout,
    ...more,
  },
});

export const isError = (code: number) => (meta: Meta) => meta.error_code === code;
export const isAnswer = (type: string) => (meta: Meta) => meta.type === 'answer' && meta.answer_type === type;

/** A client of the request port: one request, one reply, then the server closes. */
import type { Counters } from '../../base/counters.js';
import { encodePacket, PacketDecoder } from '../../codecs/hev/packet.js';
import type { Connection, Dialect, DialectType } from '../../socket/connection.js';
import { type HevRequest, readRequest } from './request.js';
import type { RequestFault, ServerCounts } from './server-counts.js';

export interface RequestOptions {
  /** Undefined: it was accepted. `owner`: for fairness between clients. Never rejects. */
  readonly carryOut: (
    request: HevRequest,
    owner: string,
  ) => RequestFault | undefined | Promise<RequestFault | undefined>;
  readonly counts: ServerCounts;
  readonly faults: Counters<RequestFault>;
}

const ACK = encodePacket({ type: 'ack' });
const NACK = encodePacket({ type: 'nack' });

export function requestDialect(options: RequestOptions): DialectType {
  return {
    isSpokenBy: () => true,
    open: (connection) => new RequestClient(connection, options),
    refusal: () => NACK,
  };
}

class RequestClient implements Dialect {
  readonly #connection: Connection;
  readonly #options: RequestOptions;
  readonly #decoder: PacketDecoder;
  #isAsked = false;

  constructor(connection: Connection, options: RequestOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#decoder = new PacketDecoder({
      onPacket: (text) => void this.#onPacket(text),
      onTooLong: () => this.#giveUp('requestsTooLong', 'lineTooLong'),
    });
  }

  onBytes(chunk: Buffer): void {
    if (!this.#isAsked) this.#decoder.push(chunk);
  }

  /** A request that has no end by now will not get one. */
  onClientEnd(): void {
    if (!this.#isAsked) this.#connection.finish('clientLeft');
  }

  onTimeout(): void {
    this.#giveUp('requestsUnfinished', 'timedOut');
  }

  refuse(): void {
    this.#reply('busy');
  }

  /** A request that is under way is answered, or the connection ends with the listener. */
  stop(): void {
    if (!this.#isAsked) this.stopNow();
  }

  stopNow(): void {
    this.#connection.finish('stopped');
  }

  close(): void {}

  /** Further packets are ignored. */
  async #onPacket(text: string | undefined): Promise<void> {
    if (this.#isAsked || !this.#connection.isOpen) return;
    this.#isAsked = true;
    this.#connection.decide('sending');
    this.#options.counts.add('requests');
    const request = readRequest(text);
    if (typeof request === 'string') this.#reply(request);
    else this.#reply(await this.#options.carryOut(request, this.#connection.name));
  }

  #reply(fault: RequestFault | undefined): void {
    const { counts, faults } = this.#options;
    if (!this.#connection.isOpen) return;
    counts.add(fault ? 'nacks' : 'acks');
    if (fault) faults.add(fault);
    this.#connection.reply(fault ? NACK : ACK, fault ? 'refused' : 'answered');
  }

  #giveUp(counter: 'requestsTooLong' | 'requestsUnfinished', reason: 'lineTooLong' | 'timedOut'): void {
    if (this.#isAsked || !this.#connection.isOpen) return;
    this.#isAsked = true;
    this.#options.counts.add(counter);
    this.#connection.finish(reason);
  }
}

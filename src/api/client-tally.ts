import type { ClientInfo } from './shapes.js';

/** What one client was sent and what it missed. */
export class ClientTally {
  /** Whole replies, events and messages. */
  messages = 0;
  /** Events that it did not get because it read too slowly. */
  dropped = 0;
  /** Values that a later one replaced because it read too slowly. */
  coalesced = 0;
}

/** The same over all clients, those that have left included. */
export class ClientTotals {
  readonly #left = { messages: 0, bytes: 0, dropped: 0, coalesced: 0 };

  /** A client has left: what it was sent goes on counting. */
  add({ sent, dropped, coalesced }: ClientInfo): void {
    this.#left.messages += sent.messages;
    this.#left.bytes += sent.bytes;
    this.#left.dropped += dropped;
    this.#left.coalesced += coalesced;
  }

  /** With the clients that are there. */
  with(present: readonly ClientInfo[]) {
    const { messages, bytes, dropped, coalesced } = this.#left;
    const now = sumOf(present);
    return {
      queuedBytes: now.queuedBytes,
      sent: { messages: messages + now.messages, bytes: bytes + now.bytes },
      dropped: dropped + now.dropped,
      coalesced: coalesced + now.coalesced,
    };
  }
}

/** Sums over clients. */
export function sumOf(clients: readonly ClientInfo[]) {
  const sum = { queuedBytes: 0, messages: 0, bytes: 0, dropped: 0, coalesced: 0 };
  for (const { queuedBytes, sent, dropped, coalesced } of clients) {
    sum.queuedBytes += queuedBytes;
    sum.messages += sent.messages;
    sum.bytes += sent.bytes;
    sum.dropped += dropped;
    sum.coalesced += coalesced;
  }
  return sum;
}

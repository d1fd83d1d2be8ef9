import type { ClientInfo } from './shapes.js';

/** Counts what one client was sent and what it missed. */
export class ClientTally {
  /** Complete replies, events and messages. */
  messages = 0;
  /** Events not sent because the client read too slowly. */
  dropped = 0;
  /** Values replaced by later ones because the client read too slowly. */
  coalesced = 0;
}

/** The same for all clients, including disconnected ones. */
export class ClientTotals {
  readonly #disconnected = { messages: 0, bytes: 0, dropped: 0, coalesced: 0 };

  /** Adds the counts of a client that has disconnected. */
  add({ sent, dropped, coalesced }: ClientInfo): void {
    this.#disconnected.messages += sent.messages;
    this.#disconnected.bytes += sent.bytes;
    this.#disconnected.dropped += dropped;
    this.#disconnected.coalesced += coalesced;
  }

  /** Totals including the connected clients. */
  with(connected: readonly ClientInfo[]) {
    const { messages, bytes, dropped, coalesced } = this.#disconnected;
    const now = sumOf(connected);
    return {
      queuedBytes: now.queuedBytes,
      sent: { messages: messages + now.messages, bytes: bytes + now.bytes },
      dropped: dropped + now.dropped,
      coalesced: coalesced + now.coalesced,
    };
  }
}

/** Sums the counts of clients. */
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

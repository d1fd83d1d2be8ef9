import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.js';
import type { Incoming } from '../../mqtt/broker.js';

/** QoS 1 means at least once: a publisher that misses the acknowledgement sends again within minutes. */
const REMEMBERED_MS = 300_000;
const MAX_REMEMBERED = 1000;

/**
 * Detects commands that were delivered twice. An identical command is a duplicate if it has a correlation, or if the
 * broker marks it as redelivered (DUP).
 */
export class Duplicates {
  readonly #clock: Clock;
  /** Monotonic ms, by the command's hash. */
  readonly #seenAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True if it was seen before; otherwise remembers it. */
  isDuplicate(incoming: Incoming, correlation: string | undefined): boolean {
    const now = this.#clock.monotonic();
    const key = keyOf(incoming, correlation);
    const seenAt = this.#seenAt.get(key);
    const wasSeen = seenAt !== undefined && now - seenAt < REMEMBERED_MS;
    const isSure = incoming.dup || correlation !== undefined || incoming.correlation !== undefined;
    if (wasSeen && isSure) return true;
    this.#remember(key, now);
    return false;
  }

  #remember(key: string, now: number): void {
    this.#seenAt.delete(key);
    this.#seenAt.set(key, now);
    if (this.#seenAt.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#seenAt.keys();
    if (oldest !== undefined) this.#seenAt.delete(oldest);
  }
}

function keyOf(
  { topic, payload, responseTopic = '', correlation: data }: Incoming,
  correlation = '',
): string {
  const hash = createHash('sha256');
  for (const part of [topic, responseTopic, correlation, data ?? '', payload]) {
    hash.update(`${part.length}:`).update(part);
  }
  return hash.digest('base64');
}

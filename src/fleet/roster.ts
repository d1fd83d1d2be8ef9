/** The gateways of a prefix, from their retained status topics. */
import { systemClock } from '../base/clock.js';
import type { Incoming } from '../mqtt/broker.js';
import type { Broker } from './broker.js';

export interface GatewayState {
  readonly id: string;
  readonly state: 'online' | 'offline';
  /** `lost`: the gateway's connection to the broker broke. */
  readonly reason: 'connected' | 'stopped' | 'lost';
  /** When the state began, ms since the epoch; null if unknown. */
  readonly since: number | null;
  /** When it last connected to the broker, ms since the epoch. */
  readonly connectedAt: number;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  /** Id of one run of the gateway; changes at each start. */
  readonly instance: string;
}

/** Retained messages come right after the subscription, and none is marked as the last. */
const QUIET_MS = 200;
/** Further gateways are not listed. */
const MAX_GATEWAYS = 10_000;

export class Roster {
  readonly #gateways = new Map<string, GatewayState>();
  readonly #listeners = new Set<(gateway: GatewayState) => void>();
  /** Ids with a status since the current connection was made: the others may not be back yet. */
  readonly #heard = new Set<string>();
  readonly #idLevel: number;
  #heardAt = 0;

  private constructor(prefix: string) {
    this.#idLevel = prefix.split('/').length;
  }

  /** Resolves when the retained statuses have arrived. Rejects with `NO_BROKER`. */
  static async open(broker: Broker, prefix: string): Promise<Roster> {
    const roster = new Roster(prefix);
    broker.onChange((isConnected) => isConnected || roster.#heard.clear());
    await broker.subscribe(`${prefix}/+/status`, (message) => roster.#onStatus(message));
    await roster.#untilQuiet();
    return roster;
  }

  /** Sorted by id. */
  list(): GatewayState[] {
    return [...this.#gateways.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** A gateway that can answer: online, and seen since the current connection was made. */
  findOnline(id: string): GatewayState | undefined {
    const gateway = this.#gateways.get(id);
    return gateway?.state === 'online' && this.#heard.has(id) ? gateway : undefined;
  }

  /** Returns a function that unsubscribes. */
  onChange(run: (gateway: GatewayState) => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  async #untilQuiet(): Promise<void> {
    this.#heardAt = systemClock.monotonic();
    while (systemClock.monotonic() - this.#heardAt < QUIET_MS) {
      await new Promise((resolve) =>
        setTimeout(resolve, QUIET_MS - (systemClock.monotonic() - this.#heardAt)),
      );
    }
  }

  #onStatus({ topic, payload, retain }: Incoming): void {
    this.#heardAt = systemClock.monotonic();
    const id = idOf(topic.split('/')[this.#idLevel] ?? '');
    const gateway = readStatus(id, payload, retain ? null : Date.now());
    if (!gateway) {
      if (payload.length === 0) this.#gateways.delete(id);
      return;
    }
    if (this.#gateways.size >= MAX_GATEWAYS && !this.#gateways.has(id)) return;
    this.#gateways.set(id, gateway);
    this.#heard.add(id);
    for (const run of [...this.#listeners]) run(gateway);
  }
}

/** Decodes the id from a topic level. */
function idOf(level: string): string {
  try {
    return decodeURIComponent(level);
  } catch {
    return level;
  }
}

/** `now`: when the status arrived; null for a retained one, whose age is not known. */
function readStatus(id: string, payload: Buffer, now: number | null): GatewayState | undefined {
  try {
    const { state, reason, at, connectedAt, host, pid, version, instance } = JSON.parse(String(payload));
    if (state !== 'online' && state !== 'offline') return undefined;
    return {
      id,
      state,
      reason,
      since: typeof at === 'number' ? at : now,
      connectedAt: Number(connectedAt),
      host: String(host),
      pid: Number(pid),
      version: String(version),
      instance: String(instance),
    };
  } catch {
    return undefined;
  }
}

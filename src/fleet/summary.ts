/** A summary of each gateway, for the fleet page of the dashboard. */
import type { MeshgateClient } from '../client/index.js';
import type { Fleet } from './fleet.js';
import type { GatewayState } from './roster.js';

type Status = Awaited<ReturnType<MeshgateClient['status']>>;

export interface GatewaySummary extends GatewayState {
  /** State of the root's link; null if the gateway is offline or did not answer. */
  readonly link: Status['link']['state'] | null;
  readonly nodes: Status['nodes'] | null;
  /** Null also for an older gateway. */
  readonly devices: Status['devices'] | null;
  readonly openAlarms: number | null;
}

/** Pages poll every few seconds; polls within this time share one result. */
const FRESH_MS = 1000;
const ANSWER_TIMEOUT_MS = 3000;

export class Summaries {
  readonly #fleet: Fleet;
  readonly #clients = new Map<string, MeshgateClient>();
  #latest: Promise<GatewaySummary[]> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** One for each gateway with a retained status at the broker, sorted by id. */
  read(): Promise<GatewaySummary[]> {
    if (!this.#latest || performance.now() - this.#readAt > FRESH_MS) {
      this.#readAt = performance.now();
      this.#latest = Promise.all(this.#fleet.gateways().map((gateway) => this.#readOne(gateway)));
    }
    return this.#latest;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #readOne(gateway: GatewayState): Promise<GatewaySummary> {
    const status = gateway.state === 'online' ? await this.#statusOf(gateway.id) : undefined;
    const { link, nodes = null, devices = null, openAlarms = null } = status ?? {};
    return { ...gateway, link: link?.state ?? null, nodes, devices, openAlarms };
  }

  async #statusOf(id: string): Promise<Status | undefined> {
    try {
      const known = this.#clients.get(id);
      const client = known?.isConnected ? known : await this.#fleet.client(id, { reconnect: false });
      this.#clients.set(id, client);
      return await client.status({ signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    } catch {
      return undefined;
    }
  }
}

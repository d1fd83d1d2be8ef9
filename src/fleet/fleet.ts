/** The export `meshgate/fleet`: all gateways of a prefix at one broker, each with the same client as over a socket. */
import { ClientError } from '../client/errors.js';
import { type ConnectOptions, connect, type MeshgateClient, type Transport } from '../client/index.js';
import { Broker, type BrokerOptions } from './broker.js';
import { mqttTransport } from './mqtt-transport.js';
import { type GatewayState, Roster } from './roster.js';

export interface FleetOptions extends BrokerOptions {
  /** The gateways' topic prefix; `meshgate` by default. */
  readonly prefix?: string | undefined;
}

/** Connects to the broker and lists its gateways. Rejects with `NO_BROKER`. */
export async function connectFleet({ prefix = 'meshgate', ...options }: FleetOptions): Promise<Fleet> {
  checkUrl(options.url);
  const broker = await Broker.open(options);
  try {
    return new Fleet(broker, await Roster.open(broker, prefix), prefix);
  } catch (error) {
    await broker.close();
    throw error;
  }
}

function checkUrl(url: string): void {
  const isUrl = URL.canParse(url) && /^mqtts?:$/.test(new URL(url).protocol) && new URL(url).hostname !== '';
  if (!isUrl) throw new ClientError('NO_BROKER', 'the URL must be mqtt://HOST or mqtts://HOST');
}

export class Fleet {
  readonly #broker: Broker;
  readonly #roster: Roster;
  readonly prefix: string;

  /** Use `connectFleet`. */
  constructor(broker: Broker, roster: Roster, prefix: string) {
    this.#broker = broker;
    this.#roster = roster;
    this.prefix = prefix;
  }

  /** Every gateway with a retained status at the broker, sorted by id. */
  gateways(): GatewayState[] {
    return this.#roster.list();
  }

  /** Calls `run` with each gateway that comes online or goes offline. Returns a function that unsubscribes. */
  onChange(run: (gateway: GatewayState) => void): () => void {
    return this.#roster.onChange(run);
  }

  transport(id: string): Transport {
    return mqttTransport(id, { broker: this.#broker, roster: this.#roster, prefix: this.prefix });
  }

  /** A client of one gateway. Rejects with `NO_GATEWAY` if it is offline or unknown. */
  client(id: string, options: Omit<ConnectOptions, 'socket' | 'transport'> = {}): Promise<MeshgateClient> {
    return connect({ ...options, transport: this.transport(id) });
  }

  /** Closes the connection to the broker, and with it all clients. */
  async close(): Promise<void> {
    await this.#broker.close();
  }
}

/** All gateways of a prefix at one broker, each with the client that a socket gives: what `meshgate/fleet` gives. */
import { ClientError } from '../client/errors.js';
import { type ConnectOptions, connect, type MeshgateClient, type Transport } from '../client/index.js';
import { Broker, type BrokerOptions } from './broker.js';
import { mqttTransport } from './mqtt-transport.js';
import { type GatewayState, Roster } from './roster.js';

export interface FleetOptions extends BrokerOptions {
  /** The topic that the gateways have in common; `meshgate` unless given. */
  readonly prefix?: string | undefined;
}

/** Connects to the broker, and learns which gateways there are. Rejects with `NO_BROKER`. */
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
  if (!isUrl) throw new ClientError('NO_BROKER', 'its URL must be mqtt://HOST or mqtts://HOST');
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

  /** Every gateway that has been at the broker, in the order of ids. */
  gateways(): GatewayState[] {
    return this.#roster.list();
  }

  /** Calls with each gateway that comes, goes or comes back. Returns how to stop that. */
  onChange(run: (gateway: GatewayState) => void): () => void {
    return this.#roster.onChange(run);
  }

  transport(id: string): Transport {
    return mqttTransport(id, { broker: this.#broker, roster: this.#roster, prefix: this.prefix });
  }

  /** A client of one gateway. Rejects with `NO_GATEWAY` where it is offline or not known. */
  client(id: string, options: Omit<ConnectOptions, 'socket' | 'transport'> = {}): Promise<MeshgateClient> {
    return connect({ ...options, transport: this.transport(id) });
  }

  /** Ends the connection to the broker, and with it all clients' connections. */
  async close(): Promise<void> {
    await this.#broker.close();
  }
}

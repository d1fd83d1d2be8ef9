/** One connection to an MQTT broker, shared by all gateways of a prefix: requests and subscriptions. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorText } from '../base/errors.js';
import { ClientError } from '../client/errors.js';
import type { Incoming } from '../mqtt/broker.js';
import { addressIn, brokerName } from '../mqtt/broker-address.js';
import { BrokerClient } from '../mqtt/broker-client.js';
import { loadOpenBroker } from '../mqtt/open-broker.js';

export interface BrokerOptions {
  /** `mqtt://HOST[:PORT]` or `mqtts://…`; may contain user and password. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** PEM file of the CA that signed the broker's certificate. */
  readonly caFile?: string | undefined;
}

/** A request over the broker, and the topic for its answer. */
export interface BrokerRequest {
  readonly topic: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly answerTopic: string;
  readonly correlation: string;
}

/**
 * Answers are as long as those of a socket, up to every node of a mesh. `retain` must be set only for messages that the
 * broker held: it marks a state that is not news.
 */
const INCOMING = { packetBytes: 67_108_864, unacknowledged: 0xffff, isRetainAsPublished: false };

export class Broker {
  /** This client's own name: a level of its answer topic. */
  readonly name: string;
  readonly #client: BrokerClient;
  #requests = 0;

  private constructor(client: BrokerClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Rejects with `NO_BROKER`. */
  static async open(options: BrokerOptions): Promise<Broker> {
    const name = `fleet-${randomBytes(6).toString('hex')}`;
    try {
      const openBroker = await loadOpenBroker();
      const attempt = () => ({ address: readAddress(options), clientId: name, incoming: INCOMING });
      return new Broker(await BrokerClient.open({ openBroker, options: attempt }), name);
    } catch (error) {
      throw noBroker(brokerName(options.url), error);
    }
  }

  get isConnected(): boolean {
    return this.#client.isConnected;
  }

  /** Calls `run` when the connection is lost and when it is back. Returns a function that unsubscribes. */
  onChange(run: (isConnected: boolean) => void): () => void {
    return this.#client.onChange(run);
  }

  /** Resolves when the broker has accepted the subscription; it outlives lost connections. Rejects with `NO_BROKER`. */
  async subscribe(filter: string, listener: (message: Incoming) => void): Promise<() => void> {
    return this.#client.subscribe(filter, listener).catch((error: unknown) => {
      throw noBroker(filter, error);
    });
  }

  /** Unique among all clients: a gateway drops a repeated correlation as a duplicate. */
  nextCorrelation(): string {
    return `${this.name}-${++this.#requests}`;
  }

  /** Sends a request. With MQTT 3.1.1 the answer topic is in the payload. */
  request({ topic, payload, answerTopic, correlation }: BrokerRequest): void {
    const response = { topic: answerTopic, correlation };
    this.#client.publish({
      topic,
      payload: JSON.stringify(this.#client.isV5 ? payload : { ...payload, response }),
      retain: false,
      responseTopic: answerTopic,
      correlation: Buffer.from(correlation),
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** Parses a JSON object; undefined for anything else, since any client of the broker may publish here. */
export function readPayload(payload: Buffer): object | undefined {
  try {
    const read: unknown = JSON.parse(payload.toString('utf8'));
    return typeof read === 'object' && read !== null ? read : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the file for each attempt, so that a renewed certificate is used. Throws if it can't be read. */
function readAddress({ url, user, password, caFile }: BrokerOptions) {
  const inUrl = addressIn(url);
  return {
    ...inUrl,
    user: user ?? inUrl.user,
    password: password ?? inUrl.password,
    ca: caFile === undefined ? undefined : readFileSync(caFile),
    cert: undefined,
    key: undefined,
  };
}

function noBroker(what: string, error: unknown): ClientError {
  return new ClientError('NO_BROKER', `${what} (${errorText(error)})`);
}

/** One connection to an MQTT broker, for all gateways of a prefix: requests, and what is subscribed to. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorText } from '../base/errors.js';
import { ClientError } from '../client/errors.js';
import type { Incoming } from '../mqtt/broker.js';
import { addressIn, brokerName } from '../mqtt/broker-address.js';
import { BrokerClient } from '../mqtt/broker-client.js';
import { loadOpenBroker } from '../mqtt/open-broker.js';

export interface BrokerOptions {
  /** `mqtt://HOST[:PORT]` or `mqtts://…`; user and password may stand in it. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** The authority that signed the broker's certificate, as a PEM file. */
  readonly caFile?: string | undefined;
}

/** A request over the broker, and where its answer is awaited. */
export interface Question {
  readonly topic: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly answerTopic: string;
  readonly correlation: string;
}

/**
 * Answers are as long as those of a socket, up to every node of a mesh. `retain` is awaited only of what the broker
 * held: it shows how things are, not that they have just changed.
 */
const INCOMING = { packetBytes: 67_108_864, unacknowledged: 0xffff, isRetainAsPublished: false };

export class Broker {
  /** This client's own name: a level of the topics at which it is answered. */
  readonly name: string;
  readonly #client: BrokerClient;
  #questions = 0;

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

  /** Calls when the connection is lost, and when it is back. Returns how to stop that. */
  onChange(run: (isConnected: boolean) => void): () => void {
    return this.#client.onChange(run);
  }

  /** Resolves when the broker has taken the subscription; it outlives lost connections. Rejects with `NO_BROKER`. */
  async subscribe(filter: string, listener: (message: Incoming) => void): Promise<() => void> {
    return this.#client.subscribe(filter, listener).catch((error: unknown) => {
      throw noBroker(filter, error);
    });
  }

  /** What no other request is called, of whatever client: a gateway takes the same for a duplicate. */
  nextCorrelation(): string {
    return `${this.name}-${++this.#questions}`;
  }

  /** Sends a request. With MQTT 3.1.1, where its answer goes stands in the payload. */
  ask({ topic, payload, answerTopic, correlation }: Question): void {
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

/** What a payload holds as JSON; undefined for anything but an object: whoever may publish can publish nonsense. */
export function readPayload(payload: Buffer): object | undefined {
  try {
    const read: unknown = JSON.parse(payload.toString('utf8'));
    return typeof read === 'object' && read !== null ? read : undefined;
  } catch {
    return undefined;
  }
}

/** The file is read for each attempt, so that a renewed certificate is used. Throws when it can't be read. */
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

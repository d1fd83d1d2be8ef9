/** One connection to an MQTT broker, for all gateways of a prefix: what is subscribed to, and who is told. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IClientOptions, MqttClient } from 'mqtt';
import { ClientError } from '../client/errors.js';

export interface BrokerOptions {
  /** `mqtt://HOST[:PORT]` or `mqtts://…`; user and password may stand in it. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** The authority that signed the broker's certificate, as a PEM file. */
  readonly caFile?: string | undefined;
}

export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  /** It was held by the broker: it tells how things are, not that they have just changed. */
  readonly retain: boolean;
  readonly correlation: string | undefined;
}

/** A request over the broker, and where its answer is awaited. */
export interface Question {
  readonly topic: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly answerTopic: string;
  readonly correlation: string;
}

type Listener = (message: Message) => void;

const CONNECT_TIMEOUT_MS = 10_000;
const RECONNECT_MS = 1000;
const KEEP_ALIVE_S = 30;
/** From here on a granted QoS is the reason for a refusal. */
const REFUSED = 0x80;
/** The broker does not speak this version: in MQTT 3.1.1, and in 5. */
const BAD_VERSION: readonly unknown[] = [1, 0x84];

interface Subscription {
  readonly listeners: Set<Listener>;
  readonly granted: Promise<void>;
}

export class Broker {
  /** This client's own name: a level of the topics at which it is answered. */
  readonly name: string;
  readonly #client: MqttClient;
  readonly #isV5: boolean;
  #questions = 0;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #onChange = new Set<(isConnected: boolean) => void>();

  private constructor(client: MqttClient, name: string, isV5: boolean) {
    this.#client = client;
    this.name = name;
    this.#isV5 = isV5;
    client.on('connect', () => this.#tell(true));
    client.on('close', () => this.#tell(false));
    client.on('error', () => {});
    client.on('message', (topic, payload, { retain, properties }) =>
      this.#onMessage({
        topic,
        payload: Buffer.from(payload),
        retain,
        correlation: properties?.correlationData?.toString('utf8'),
      }),
    );
  }

  /** MQTT 5, and 3.1.1 where the broker does not speak it. Rejects with `NO_BROKER`. */
  static async open(options: BrokerOptions): Promise<Broker> {
    const name = `fleet-${randomBytes(6).toString('hex')}`;
    try {
      return new Broker(await connectWith(options, name, 5), name, true);
    } catch (error) {
      if (!isBadVersion(error)) throw noBroker(brokerName(options.url), error);
    }
    try {
      return new Broker(await connectWith(options, name, 4), name, false);
    } catch (error) {
      throw noBroker(brokerName(options.url), error);
    }
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  /** Calls when the connection is lost, and when it is back. Returns how to stop that. */
  onChange(run: (isConnected: boolean) => void): () => void {
    this.#onChange.add(run);
    return () => void this.#onChange.delete(run);
  }

  /** Resolves when the broker has taken the subscription; it outlives lost connections. Rejects with `NO_BROKER`. */
  async subscribe(filter: string, listener: Listener): Promise<() => void> {
    let subscription = this.#subscriptions.get(filter);
    if (!subscription) {
      subscription = { listeners: new Set(), granted: this.#ask(filter) };
      this.#subscriptions.set(filter, subscription);
    }
    const { listeners, granted } = subscription;
    listeners.add(listener);
    const release = () => this.#release(filter, listeners, listener);
    await granted.catch((error: unknown) => {
      release();
      throw error;
    });
    return release;
  }

  /** What no other request is called, of whatever client: a gateway takes the same for a duplicate. */
  nextCorrelation(): string {
    return `${this.name}-${++this.#questions}`;
  }

  /** Sends a request. With MQTT 3.1.1, where its answer goes stands in the payload. */
  ask({ topic, payload, answerTopic, correlation }: Question): void {
    const response = { topic: answerTopic, correlation };
    const text = JSON.stringify(this.#isV5 ? payload : { ...payload, response });
    const properties = { responseTopic: answerTopic, correlationData: Buffer.from(correlation) };
    this.#client.publish(topic, text, { qos: 1, ...(this.#isV5 && { properties }) }, () => {});
  }

  async close(): Promise<void> {
    this.#tell(false);
    this.#onChange.clear();
    this.#subscriptions.clear();
    await this.#client.endAsync(!this.#client.connected);
  }

  async #ask(filter: string): Promise<void> {
    const granted = await this.#client.subscribeAsync(filter, { qos: 1 }).catch((error: unknown) => {
      throw noBroker(filter, error);
    });
    if (granted.some(({ qos }) => Number(qos) >= REFUSED)) {
      throw new ClientError('NO_BROKER', `this user may not read ${filter}`);
    }
  }

  #release(filter: string, listeners: Set<Listener>, listener: Listener): void {
    listeners.delete(listener);
    if (listeners.size > 0 || this.#subscriptions.get(filter)?.listeners !== listeners) return;
    this.#subscriptions.delete(filter);
    if (!this.#client.disconnecting) this.#client.unsubscribe(filter, () => {});
  }

  #onMessage(message: Message): void {
    for (const [filter, { listeners }] of this.#subscriptions) {
      if (matches(filter, message.topic)) for (const listener of [...listeners]) listener(message);
    }
  }

  #tell(isConnected: boolean): void {
    for (const run of [...this.#onChange]) run(isConnected);
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

/** Whether a topic is one of those that a filter with `+` and `#` names. */
export function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const wanted = filter.split('/');
  const isOpen = wanted.at(-1) === '#';
  if (isOpen ? levels.length < wanted.length - 1 : levels.length !== wanted.length) return false;
  return wanted.every((level, index) => level === '#' || level === '+' || level === levels[index]);
}

/** Once connected, a connection that is lost is made again, with all that was subscribed to. */
async function connectWith(options: BrokerOptions, clientId: string, version: 5 | 4): Promise<MqttClient> {
  const { connect } = await import('mqtt');
  const client = connect(clientOptions(options, clientId, version));
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const onError = (error: Error) => {
      failure ??= error;
    };
    const onClose = () => fail(failure ?? new Error('the broker closed the connection'));
    const fail = (error: Error) => {
      clearTimeout(timer);
      client.off('close', onClose);
      client.end(true);
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error('no answer within 10 s')), CONNECT_TIMEOUT_MS);
    client.on('error', onError);
    client.on('close', onClose);
    client.once('connect', () => {
      clearTimeout(timer);
      client.off('close', onClose);
      resolve(client);
    });
  });
}

function clientOptions({ url, user, password, caFile }: BrokerOptions, clientId: string, version: 5 | 4) {
  const { protocol, hostname, port, username, password: inUrl } = new URL(url);
  const isSecure = protocol === 'mqtts:';
  const name = user ?? decodeURIComponent(username);
  const secret = password ?? decodeURIComponent(inUrl);
  return {
    protocol: isSecure ? 'mqtts' : 'mqtt',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (isSecure ? 8883 : 1883),
    protocolVersion: version,
    clientId,
    clean: true,
    keepalive: KEEP_ALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: RECONNECT_MS,
    resubscribe: true,
    queueQoSZero: false,
    ...(name !== '' && { username: name }),
    ...(secret !== '' && { password: secret }),
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
  } satisfies IClientOptions;
}

function isBadVersion(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BAD_VERSION.includes(error.code);
}

function noBroker(what: string, error: unknown): ClientError {
  const text = error instanceof Error ? error.message || String('code' in error ? error.code : '') : '';
  return new ClientError('NO_BROKER', `${what} (${text || 'no answer'})`);
}

/** A broker as errors name it: without user and password. */
function brokerName(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

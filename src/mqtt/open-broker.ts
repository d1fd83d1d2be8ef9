/**
 * A connection made with the package `mqtt`, one client object per connection. Reconnecting, queueing and resending are
 * off: unsent events stay in the hub's ring.
 */
import { Socket } from 'node:net';
import type { connect, IClientOptions, IPublishPacket, MqttClient } from 'mqtt';
import { systemErrorCode } from '../base/errors.js';
import type {
  BrokerConnection,
  BrokerDownReason,
  BrokerHandlers,
  BrokerLimits,
  BrokerOptions,
  Incoming,
  IncomingOptions,
  OpenBroker,
  Publication,
} from './broker.js';

/** Seconds without traffic before the broker is pinged. */
const KEEP_ALIVE_S = 30;
/** Longer than the keeper's own time-out, which ends the attempt. */
const CONNECT_TIMEOUT_MS = 60_000;
/** A command has less than 128 KiB. `retain` is kept as published, so that retained commands can be refused. */
const COMMANDS: IncomingOptions = { packetBytes: 131_072, unacknowledged: 64, isRetainAsPublished: true };
/** Bytes received without a complete packet, unless larger packets are expected. MQTT 3.1.1 can't announce a limit. */
const MAX_INCOMPLETE_PACKET = 1_048_576;
const QOS = 1 as const;
/** Values from here on are reasons for a refusal instead of a granted QoS. */
const SUBSCRIPTION_REFUSED = 0x80;
const TAKEN_OVER = 0x8e;

export function openBrokerBy(connectBy: typeof connect): OpenBroker {
  return (options, handlers) => new MqttConnection(connectBy(clientOptions(options)), options, handlers);
}

/** Loads the package `mqtt` only when there is a broker to connect to. */
export async function loadOpenBroker(): Promise<OpenBroker> {
  const { connect } = await import('mqtt');
  return openBrokerBy(connect);
}

function clientOptions(options: BrokerOptions): IClientOptions {
  const { address, clientId, version, will, incoming = COMMANDS } = options;
  const { host, port, isSecure, user, password, ca, cert, key } = address;
  return {
    protocol: isSecure ? 'mqtts' : 'mqtt',
    host,
    port,
    protocolVersion: version,
    clientId,
    clean: true,
    keepalive: KEEP_ALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: QOS, retain: true } }),
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(isSecure && { rejectUnauthorized: true }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(version === 5 && {
      properties: { receiveMaximum: incoming.unacknowledged, maximumPacketSize: incoming.packetBytes },
    }),
  };
}

class MqttConnection implements BrokerConnection {
  readonly #client: MqttClient;
  readonly #version: 4 | 5;
  readonly #incoming: IncomingOptions;
  readonly #handlers: BrokerHandlers;
  #isConnected = false;
  #isOver = false;
  /** Why the connection ends, if known. */
  #why: { readonly reason: BrokerDownReason; readonly detail: string } | undefined;

  constructor(client: MqttClient, options: BrokerOptions, handlers: BrokerHandlers) {
    this.#client = client;
    this.#version = options.version;
    this.#incoming = options.incoming ?? COMMANDS;
    this.#handlers = handlers;
    client.on('connect', ({ properties }) => {
      this.#isConnected = true;
      if (client.stream instanceof Socket) this.#prepare(client.stream);
      if (!this.#isOver) handlers.onConnected(limitsOf(properties));
    });
    client.on('message', (_topic, _payload, packet) => {
      if (!this.#isOver) handlers.onMessage(incomingOf(packet));
    });
    client.on('disconnect', ({ reasonCode }) => {
      this.#why ??= disconnection(reasonCode ?? 0);
    });
    client.on('error', (error) => {
      this.#why ??= { reason: reasonOf(error, this.#isConnected), detail: detailOf(error) };
    });
    client.on('close', () => this.#onClose());
  }

  publish(publication: Publication, onDone: (refusal?: string) => void): void {
    const { topic, payload, retain } = publication;
    const properties = this.#version === 5 ? publishProperties(publication) : undefined;
    const options = properties ? { qos: QOS, retain, properties } : { qos: QOS, retain };
    this.#client.publish(topic, payload, options, (error) => {
      if (this.#isOver || (error && !isRefusal(error))) return;
      onDone(error ? detailOf(error) : undefined);
    });
  }

  subscribe(topics: readonly string[], onDone: (refused: readonly string[]) => void): void {
    const rap = this.#incoming.isRetainAsPublished;
    const wanted = Object.fromEntries(topics.map((topic) => [topic, { qos: QOS, rap } as const]));
    this.#client.subscribe(wanted, (_error, _subscriptions, packet) => {
      const refused = topics.filter(
        (_topic, index) => Number(packet?.granted[index]) >= SUBSCRIPTION_REFUSED,
      );
      if (!this.#isOver && this.#client.connected) onDone(refused);
    });
  }

  unsubscribe(topics: readonly string[]): void {
    this.#client.unsubscribe([...topics]);
  }

  end(): Promise<void> {
    this.#isOver = true;
    return new Promise((resolve) => this.#client.end(false, () => resolve()));
  }

  /** Destroys the stream too: after a graceful `end` has begun, a second `end` does nothing. */
  drop(): void {
    this.#isOver = true;
    this.#client.end(true);
    this.#client.stream?.destroy();
  }

  /** Without Nagle's delay, which holds back a write until the one before is acknowledged. */
  #prepare(socket: Socket): void {
    const maxWaiting = Math.max(MAX_INCOMPLETE_PACKET, this.#incoming.packetBytes);
    let waiting = 0;
    socket.setNoDelay(true);
    this.#client.on('packetreceive', () => {
      waiting = 0;
    });
    socket.on('data', (chunk: Buffer) => {
      waiting += chunk.length;
      if (waiting <= maxWaiting) return;
      this.#why = { reason: 'packetTooLarge', detail: '' };
      this.#onClose();
    });
  }

  #onClose(): void {
    if (this.#isOver) return;
    this.drop();
    const { reason, detail } = this.#why ?? { reason: 'closed', detail: '' };
    this.#handlers.onDown(reason, detail);
  }
}

function limitsOf(
  properties: { receiveMaximum?: number; maximumPacketSize?: number } | undefined,
): BrokerLimits {
  return {
    receiveMaximum: properties?.receiveMaximum ?? 0xffff,
    maximumPacketSize: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
  };
}

function incomingOf({ topic, payload, retain, dup, properties }: IPublishPacket): Incoming {
  return {
    topic,
    payload: Buffer.from(payload),
    retain,
    dup,
    responseTopic: properties?.responseTopic,
    correlation: properties?.correlationData,
  };
}

/** Undefined if there are none. */
function publishProperties({ correlation, responseTopic, at, contentType }: Publication) {
  const hasNone =
    !correlation && responseTopic === undefined && at === undefined && contentType === undefined;
  if (hasNone) return undefined;
  return {
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlation && { correlationData: correlation }),
    ...(contentType !== undefined && { contentType }),
    ...(at !== undefined && { userProperties: { at: String(at) } }),
  };
}

function disconnection(code: number): { reason: BrokerDownReason; detail: string } {
  if (code === TAKEN_OVER) return { reason: 'takenOver', detail: '' };
  return { reason: 'closed', detail: `reason 0x${code.toString(16)}` };
}

/** CONNACK codes: 1 to 5 of MQTT 3.1.1, from 128 on of MQTT 5. */
const REFUSALS: Readonly<Record<number, BrokerDownReason>> = {
  1: 'badVersion',
  4: 'badCredentials',
  5: 'notAllowed',
  132: 'badVersion',
  134: 'badCredentials',
  135: 'notAllowed',
  138: 'notAllowed',
};

const TLS_CODE = /CERT|TLS|SSL|EPROTO|SIGNATURE|ISSUER/;

function reasonOf(error: Error, isConnected: boolean): BrokerDownReason {
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return REFUSALS[code] ?? (isConnected ? 'closed' : 'refused');
  if (error.message === 'Keepalive timeout') return 'keepAliveTimeout';
  if (TLS_CODE.test(String(code))) return 'tlsFailed';
  return isConnected ? 'closed' : 'unreachable';
}

/** True for an answer of the broker, false for a failure of the connection. */
function isRefusal(error: Error): boolean {
  return 'code' in error && typeof error.code === 'number';
}

/** The error of a host with several addresses has only a code. */
function detailOf(error: Error): string {
  return error.message || systemErrorCode(error) || error.name;
}

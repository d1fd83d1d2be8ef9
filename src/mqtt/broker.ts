/** A connection to a broker, as those who publish and read see it. */
import type { BrokerAddress } from './broker-address.js';

/** Why there is no connection. Each has a counter, and a line in docs/mqtt.md. */
export const BROKER_DOWN_REASONS = {
  unreachable: 'the broker could not be reached',
  connectTimeout: 'the broker did not answer within 20 s',
  tlsFailed: 'the secure connection failed: look at certificate, key and host name',
  badFiles: 'the password file, a certificate or the key could not be read',
  badCredentials: 'the broker refused user or password',
  notAllowed: 'the broker does not let this client in',
  badVersion: 'the broker does not speak this version of MQTT: see mqtt.version',
  refused: 'the broker refused the connection',
  closed: 'the broker closed the connection, or it broke',
  takenOver: 'another client has connected to the broker with the same client id',
  keepAliveTimeout: 'the broker did not answer a ping',
  ackTimeout: 'the broker acknowledged nothing for 30 s',
  packetTooLarge: 'the broker sent a message of more than 1 MiB',
  stopped: 'the gateway was stopped',
} as const;

export type BrokerDownReason = keyof typeof BROKER_DOWN_REASONS;

export interface Publication {
  readonly topic: string;
  /** Empty and retained: removes what was retained. */
  readonly payload: string;
  readonly retain: boolean;
  /** MQTT 5 only. */
  readonly correlation?: Buffer | undefined;
  /** MQTT 5 only: where an answer goes. */
  readonly responseTopic?: string | undefined;
  /** MQTT 5 only: a user property, ms since the epoch. */
  readonly at?: number | undefined;
}

/** A message that the broker delivers. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  /** Delivered because it was retained, or (MQTT 5) published to be. */
  readonly retain: boolean;
  /** It may have been delivered before. */
  readonly dup: boolean;
  readonly responseTopic?: string | undefined;
  readonly correlation?: Buffer | undefined;
}

export interface BrokerOptions {
  readonly address: BrokerAddress;
  readonly clientId: string;
  readonly version: 5 | 4;
  /** What the broker says when the connection ends without a word: retained, QoS 1. */
  readonly will?: { readonly topic: string; readonly payload: string };
  /** What the broker may send; what commands need, unless given. */
  readonly incoming?: IncomingOptions;
}

export interface IncomingOptions {
  /** Bytes of a packet that an MQTT 5 broker may send. */
  readonly packetBytes: number;
  /** Messages that an MQTT 5 broker may send before they are acknowledged. */
  readonly unacknowledged: number;
  /** MQTT 5: `retain` is as it was published, and not only for what the broker held. */
  readonly isRetainAsPublished: boolean;
}

/** What the broker takes. */
export interface BrokerLimits {
  /** Publications that may be unacknowledged. */
  readonly receiveMaximum: number;
  /** Bytes of a packet. */
  readonly maximumPacketSize: number;
}

export interface BrokerHandlers {
  onConnected(limits: BrokerLimits): void;
  onMessage(message: Incoming): void;
  /** Called once, also when it never was connected; nothing follows. */
  onDown(reason: BrokerDownReason, detail: string): void;
}

export interface BrokerConnection {
  /** QoS 1. `onDone` is called when the broker has it; `refusal`: it says that it does not take it. */
  publish(publication: Publication, onDone: (refusal?: string) => void): void;
  /** `onDone`: which of the topics the broker refused. */
  subscribe(topics: readonly string[], onDone: (refused: readonly string[]) => void): void;
  unsubscribe(topics: readonly string[]): void;
  /** Says goodbye, so that the broker does not publish the will. */
  end(): Promise<void>;
  /** Ends without a word. */
  drop(): void;
}

export type OpenBroker = (options: BrokerOptions, handlers: BrokerHandlers) => BrokerConnection;

/** The interface of a connection to a broker. */
import type { BrokerAddress } from './broker-address.js';

/** Why there is no connection. Each has a counter, and a line in docs/mqtt.md. */
export const BROKER_DOWN_REASONS = {
  unreachable: 'the broker could not be reached',
  connectTimeout: 'the broker did not answer within 20 s',
  tlsFailed: 'the TLS connection failed: check the certificate, the key and the host name',
  badFiles: 'the password file, a certificate or the key could not be read',
  badCredentials: 'the broker rejected the user or password',
  notAllowed: 'the broker does not authorize this client',
  badVersion: 'the broker does not support this version of MQTT: see mqtt.version',
  refused: 'the broker refused the connection',
  closed: 'the connection was lost',
  takenOver: 'another client has connected to the broker with the same client id',
  keepAliveTimeout: 'the broker did not answer a ping',
  ackTimeout: 'the broker acknowledged nothing for 30 s',
  packetTooLarge: 'the broker sent a message of more than 1 MiB',
  stopped: 'the gateway was stopped',
} as const;

export type BrokerDownReason = keyof typeof BROKER_DOWN_REASONS;

export interface Publication {
  readonly topic: string;
  /** Text, or the bytes of an image. Empty and retained: removes the retained message. */
  readonly payload: string | Buffer;
  readonly retain: boolean;
  /** MQTT 5 only. */
  readonly correlation?: Buffer | undefined;
  /** MQTT 5 only: the topic for an answer. */
  readonly responseTopic?: string | undefined;
  /** MQTT 5 only: a user property, ms since the epoch. */
  readonly at?: number | undefined;
  /** MQTT 5 only: the media type. */
  readonly contentType?: string | undefined;
}

/** A message that the broker delivers. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  /** The broker held it, or (MQTT 5) it was published as retained. */
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
  /** Published by the broker when the connection ends without a DISCONNECT: retained, QoS 1. */
  readonly will?: { readonly topic: string; readonly payload: string };
  /** Limits for what the broker may send; defaults to what commands need. */
  readonly incoming?: IncomingOptions;
}

export interface IncomingOptions {
  /** Maximum bytes of a packet from an MQTT 5 broker. */
  readonly packetBytes: number;
  /** Maximum unacknowledged messages from an MQTT 5 broker. */
  readonly unacknowledged: number;
  /** MQTT 5: `retain` is kept as published, not only set for messages that the broker held. */
  readonly isRetainAsPublished: boolean;
}

/** What the broker accepts. */
export interface BrokerLimits {
  /** Maximum unacknowledged publications. */
  readonly receiveMaximum: number;
  /** Maximum bytes of a packet. */
  readonly maximumPacketSize: number;
}

export interface BrokerHandlers {
  onConnected(limits: BrokerLimits): void;
  onMessage(message: Incoming): void;
  /** Called once, even if it never connected; no other call follows. */
  onDown(reason: BrokerDownReason, detail: string): void;
}

export interface BrokerConnection {
  /** QoS 1. `onDone` is called when the broker has acknowledged it or, with `refusal`, rejected it. */
  publish(publication: Publication, onDone: (refusal?: string) => void): void;
  /** `onDone` gets the topics that the broker refused. */
  subscribe(topics: readonly string[], onDone: (refused: readonly string[]) => void): void;
  unsubscribe(topics: readonly string[]): void;
  /** Sends a DISCONNECT, so that the broker does not publish the will. */
  end(): Promise<void>;
  /** Ends without a DISCONNECT. */
  drop(): void;
}

export type OpenBroker = (options: BrokerOptions, handlers: BrokerHandlers) => BrokerConnection;

/** Where the packets of a server come from, and who carries out its requests. */
import type { HevRequest } from './request.js';
import type { RequestFault } from './server-counts.js';

/** An alarm as it appears in packets. */
export interface AlarmObject {
  readonly version: number;
  /** ms since the source's start. */
  readonly timestamp: number;
  readonly payload_type: 'ALARM';
  readonly alarm_type: string | number;
  readonly alarm_code: string | number;
  readonly param: number | null;
}

/** The content of a packet: its type, and the object of that name. */
export type SendPacket = (type: string, body: Readonly<Record<string, unknown>>) => void;

export interface HevMode {
  start(): void;
  stop(): void;
  /** Every alarm that is not acknowledged. */
  alarms(): readonly AlarmObject[];
  /** Undefined: it was accepted. Never rejects. */
  carryOut(request: HevRequest, owner: string): RequestFault | undefined | Promise<RequestFault | undefined>;
  counters(): Readonly<Record<string, number>>;
}

/** Bytes of JSON: an original client keeps the latest DATA in a file of 10,000 bytes. */
export const MAX_BODY_LENGTH = 8000;

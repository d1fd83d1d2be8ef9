/**
 * A client of a ventilator's data server: the one of this gateway, or the original. It keeps the latest values and the
 * list of alarms, and connects again when it has lost the server. For test benches; not for use on patients.
 */
import { createConnection, type Socket } from 'node:net';
import type { AlarmCode, AlarmPriorityName, CommandFamily } from '../codecs/hev/names.js';
import { encodePacket, PacketDecoder, parsePacket } from '../codecs/hev/packet.js';

export interface HevClientOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 54320. */
  readonly broadcastPort?: number;
  /** Default 54321. */
  readonly requestPort?: number;
  /** Called for each packet, after the latest values are updated; an exception in it is not caught. */
  readonly onPacket?: (packet: HevPacket) => void;
  /** Called when the connection is up, or lost. */
  readonly onConnected?: (isConnected: boolean) => void;
}

/** The fields of one payload: numbers, texts, names of enumerations; null for a float that is not a number. */
export type HevValues = Readonly<Record<string, number | string | null>>;

export interface HevAlarm {
  readonly alarm_type: AlarmPriorityName | number;
  readonly alarm_code: AlarmCode | number;
  readonly param: number | null;
  /** ms since the start of the microcontroller. */
  readonly timestamp: number;
}

export interface HevPacket {
  /** `DATA`, `READBACK` … */
  readonly type: string;
  readonly values: HevValues;
  readonly alarms: readonly HevAlarm[];
}

export interface HevPersonal {
  readonly name: string;
  readonly patient_id?: string;
  /** 0–255, like height and weight. */
  readonly age: number;
  readonly sex: string;
  readonly height: number;
  readonly weight: number;
}

const RECONNECT_MS = 2000;
/** The server sends something each second. */
const SILENT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 5000;
/** Types of payloads that are kept; a server has 15. */
const MAX_TYPES = 64;

export class HevClient {
  readonly #options: HevClientOptions;
  readonly #latest = new Map<string, HevValues>();
  #alarms: readonly HevAlarm[] = [];
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isConnected = false;
  #isClosed = false;

  /** Connects at once, and until `close`. */
  constructor(options: HevClientOptions = {}) {
    this.#options = options;
    this.#connect();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The newest DATA; undefined before the first. */
  getValues(): HevValues | undefined {
    return this.get('DATA');
  }

  getReadback(): HevValues | undefined {
    return this.get('READBACK');
  }

  getCycle(): HevValues | undefined {
    return this.get('CYCLE');
  }

  /** The newest payload of any type: `TARGET`, `PERSONAL`, `BATTERY` … */
  get(type: string): HevValues | undefined {
    return this.#latest.get(type);
  }

  /** Alarms that are not acknowledged, as of the last packet. */
  getAlarms(): readonly HevAlarm[] {
    return this.#alarms;
  }

  /**
   * True: the server has accepted it; whether the microcontroller obeys shows in the values. False: refused. Rejects if
   * there is no answer within 5 s.
   */
  sendCommand(family: CommandFamily, name: string, param: number | null = null): Promise<boolean> {
    return this.#request({ type: 'CMD', cmdtype: family, cmd: name, param });
  }

  /** One of `getAlarms`, or its two names. */
  acknowledge({ alarm_type, alarm_code }: Pick<HevAlarm, 'alarm_type' | 'alarm_code'>): Promise<boolean> {
    return this.#request({ type: 'ALARM', alarm_type, alarm_code, param: null });
  }

  sendPersonal(personal: HevPersonal): Promise<boolean> {
    return this.#request({ type: 'PERSONAL', patient_id: '', ...personal });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#setConnected(false);
  }

  #connect(): void {
    const { host = '127.0.0.1', broadcastPort = 54_320 } = this.#options;
    const socket = createConnection({ host, port: broadcastPort });
    const decoder = new PacketDecoder({
      onPacket: (text) => !this.#onPacket(text) && socket.destroy(),
      onTooLong: () => socket.destroy(),
    });
    this.#socket = socket;
    socket.setTimeout(SILENT_MS, () => socket.destroy());
    socket.on('connect', () => this.#setConnected(true));
    socket.on('data', (chunk) => decoder.push(chunk));
    socket.on('end', () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => this.#onClosed());
  }

  #onClosed(): void {
    this.#setConnected(false);
    if (!this.#isClosed) this.#retry = setTimeout(() => this.#connect(), RECONNECT_MS);
  }

  #setConnected(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    this.#options.onConnected?.(isConnected);
  }

  /** False for what is not a packet. */
  #onPacket(text: string | undefined): boolean {
    const packet = text === undefined ? undefined : readPacket(text);
    if (packet === undefined) return false;
    if (packet === 'keepalive' || this.#isClosed) return true;
    const { type, values, alarms } = packet;
    if (this.#latest.has(type) || this.#latest.size < MAX_TYPES) this.#latest.set(type, values);
    this.#alarms = alarms;
    this.#options.onPacket?.(packet);
    return true;
  }

  #request(request: Readonly<Record<string, unknown>>): Promise<boolean> {
    const { host = '127.0.0.1', requestPort = 54_321 } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host, port: requestPort });
      const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), REQUEST_TIMEOUT_MS);
      const decoder = new PacketDecoder({
        onPacket: (text) => {
          resolve(isAck(text));
          socket.destroy();
        },
        onTooLong: () => socket.destroy(),
      });
      socket.on('connect', () => socket.write(encodePacket(request)));
      socket.on('data', (chunk) => decoder.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => {
        clearTimeout(timer);
        reject(new Error('the server closed the connection without an answer'));
      });
    });
  }
}

function isAck(text: string | undefined): boolean {
  return objectIn(text ?? '')?.type === 'ack';
}

function readPacket(text: string): HevPacket | 'keepalive' | undefined {
  const packet = objectIn(text);
  const { type, alarms } = packet ?? {};
  if (!packet || typeof type !== 'string') return undefined;
  if (type === 'keepalive') return 'keepalive';
  const values = packet[type];
  if (!isObject(values) || !Array.isArray(alarms)) return undefined;
  return {
    type,
    values: values as HevValues,
    alarms: alarms.filter(isObject) as unknown as readonly HevAlarm[],
  };
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const parsed = parsePacket(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

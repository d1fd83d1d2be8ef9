/**
 * The section `[hev]`, which a connector (the data server of the ventilator test bench) and a device (its
 * microcontroller) share: both take it from here, and neither knows the other.
 */
import * as z from 'zod';
import { parsePortSpec } from '../../link/port-choice.js';
import { flag, path, section, tableOrTables, text, whole } from '../fields.js';

const LISTEN = 'must be 127.0.0.1 or ::1: there is no login, so only programs on this machine can connect';
const listen = text(LISTEN).regex(/^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/, { error: LISTEN });

/** No hardware: a dump file, or a model that breathes. */
const EMULATOR = 'emulator';
const DEVICE = 'must be emulator, a path such as /dev/ttyUSB1, or usb:VID:PID[:SERIAL]';
const device = text(DEVICE).refine((given) => given === EMULATOR || isPort(given), { error: DEVICE });

/** `auto` is for the root: it would take any serial bridge. */
function isPort(given: string): boolean {
  const spec = parsePortSpec(given);
  return spec !== undefined && spec.kind !== 'auto';
}

/** 0: not served. */
const port = whole(0, 65_535);

const table = section({
  /** Not served without it. */
  mode: z.enum(['strict', 'mesh'], { error: 'must be strict or mesh' }).optional(),
  listen: listen.default('127.0.0.1'),
  web_port: port.default(54_320),
  request_port: port.default(54_321),
  native_port: port.default(54_322),
  /** Default: emulator with `mode = "strict"`, otherwise none. */
  device: device.optional(),
  /** File for the emulator. */
  dump: path.optional(),
  /** File for received payloads, in the form of a dump file. */
  record: path.optional(),
  record_lines: whole(1, 10_000_000).default(10_000),
  battery: flag.default(true),
  /** 0: none. */
  keepalive_ms: whole(0, 60_000).default(0),
  shape: z.enum(['current', 'seed'], { error: 'must be current or seed' }).default('current'),
  /** Packets that wait for a client; the oldest goes. */
  queue: whole(1, 1000).default(16),
  /** Of each port. */
  max_clients: whole(1, 1000).default(64),
});

export const hevSection = tableOrTables(table, 'must be at most 8 tables [[hev]]');

export type HevTable = z.output<typeof table>;

/** One table, with the name of its server and of its device. */
export interface HevPlace {
  /** Of its source and its device: `hev`, `hev:2` … by the order of the tables. */
  readonly id: string;
  readonly address: number;
  readonly table: HevTable;
  /** Undefined if there is no device. */
  readonly device: HevDeviceSpec | undefined;
}

export type HevDeviceSpec = { readonly kind: 'emulator' } | { readonly kind: 'port'; readonly port: string };

const FIRST_ADDRESS = 0x10100;

export function hevPlaces(section: HevTable | readonly HevTable[]): HevPlace[] {
  return [section].flat().map((given, index) => ({
    id: index === 0 ? 'hev' : `hev:${index + 1}`,
    address: FIRST_ADDRESS + index,
    table: given,
    device: deviceOf(given),
  }));
}

function deviceOf({ mode, device: given = mode === 'strict' ? EMULATOR : undefined }: HevTable) {
  if (given === undefined) return undefined;
  return given === EMULATOR ? ({ kind: 'emulator' } as const) : ({ kind: 'port', port: given } as const);
}

/**
 * The section `[dataforge]`, which a connector (the server for acquisition programs) and a device (the supply `hv:1`)
 * share: both take it from here, and neither knows the other.
 */
import * as z from 'zod';
import { MeshgateError } from '../../base/errors.js';
import { parseTcpAddress, type TcpAddress, tcpAddressProblem } from '../../link/tcp-address.js';
import { MAX_UNICAST_ADDRESS } from '../../protocol/address.js';
import { numberIn } from '../../protocol/names.js';
import { number, path, section, text, whole } from '../fields.js';

const LISTEN = 'must be 127.0.0.1:PORT: there is no login, so only programs on this machine can connect';
const listen = text(LISTEN)
  .regex(/^(?:127\.0\.0\.1|localhost):\d{1,5}$/, { error: LISTEN })
  .refine((address) => Number(address.split(':')[1]) <= 65_535, { error: LISTEN });

const DEVICE = 'must be virtual, scpi, tcp:HOST:PORT or node:ADDRESS';
const supplyDevice = text(DEVICE).refine((given) => readSupply(given) !== undefined, { error: DEVICE });

const tcpAddress = text('must be tcp:HOST:PORT').refine((given) => parseTcpAddress(given) !== undefined, {
  error: ({ input }) => tcpAddressProblem(String(input)) ?? '',
});

const NODE_VALUE = 'must be a data type and a field, such as "Supply.voltage"';

export const dataforgeSection = section({
  /** Not served without it. */
  mode: z.enum(['strict', 'mesh'], { error: 'must be strict or mesh' }).optional(),
  listen: listen.default('127.0.0.1:5555'),
  web: z.union([z.literal('off'), listen], { error: `${LISTEN}; or off` }).default('127.0.0.1:8080'),
  /** Default: virtual with `mode = "strict"`, otherwise none. */
  device: supplyDevice.optional(),
  settle_s: number(0, 60, 'number').default(2),
  poll_s: number(0.1, 3600, 'number').default(4),
  /** Of the virtual device: V/s, ± V. */
  change_speed: number(1, 100_000, 'number').default(200),
  noise: number(0, 1000, 'number').default(0.5),
  /** V; a set point beyond ± this is refused. */
  max_voltage: number(0, 1_000_000, 'number').optional(),
  /** JSON schema of a site's commands. */
  schema: path.optional(),
  meter: tcpAddress.optional(),
  calibrator: tcpAddress.optional(),
  scale_a: number(-1e9, 1e9, 'number').default(3500.5048),
  scale_b: number(-1e9, 1e9, 'number').default(1.2632),
  divider: number(-1e9, 1e9, 'number').default(-4050.65),
  /** Message template, such as `30 {f32le}`. */
  node_set: text('must be text').max(400).optional(),
  node_value: text(NODE_VALUE)
    .regex(/^[\x21-\x7e]{2,64}\.[\x21-\x7e]{1,64}$/, { error: NODE_VALUE })
    .optional(),
  /** Directory of the daily files of readings. */
  tsv: path.optional(),
  max_meta: whole(1024, 16_777_216).default(1_048_576),
  max_data: whole(0, 67_108_864).default(16_777_216),
  max_clients: whole(1, 1000).default(64),
  queue: whole(1, 65_536).default(256),
});

export type DataforgeSection = z.output<typeof dataforgeSection>;

/** What the supply is. */
export type Supply =
  | { readonly kind: 'virtual' | 'scpi' }
  | { readonly kind: 'tcp'; readonly address: TcpAddress }
  /** 0x0001–0x7FFF. */
  | { readonly kind: 'node'; readonly address: number };

/** Undefined if there is no supply. */
export function supplyOf({ mode, device }: DataforgeSection): Supply | undefined {
  if (device !== undefined) return readSupply(device);
  return mode === 'strict' ? { kind: 'virtual' } : undefined;
}

function readSupply(given: string): Supply | undefined {
  if (given === 'virtual' || given === 'scpi') return { kind: given };
  if (given.startsWith('tcp:')) {
    const address = parseTcpAddress(given);
    return address && { kind: 'tcp', address };
  }
  const node = given.startsWith('node:') ? numberIn(given.slice('node:'.length)) : undefined;
  return node !== undefined && node >= 1 && node <= MAX_UNICAST_ADDRESS
    ? { kind: 'node', address: node }
    : undefined;
}

/** `BAD_CONFIG` for settings that are valid alone, and cannot work together. */
export function badDataforge(setting: string, why: string): MeshgateError {
  return new MeshgateError('BAD_CONFIG', `dataforge.${setting}: ${why}`);
}

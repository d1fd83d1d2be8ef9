/**
 * The section `[dcss]`, which a connector (a hardware server of a DCSS) and devices (the camera's receiver, and hardware
 * servers that connect here) share: all take it from here, and none knows another.
 */
import { isIP } from 'node:net';
import * as z from 'zod';
import { MeshgateError } from '../../base/errors.js';
import { parseTcpAddress, type TcpAddress } from '../../link/tcp-address.js';
import { flag, list, number, path, section, text, whole } from '../fields.js';

const NAME = 'must be a name of 1 to 39 letters, digits and _';
const name = text(NAME).regex(/^[A-Za-z0-9_]{1,39}$/, { error: NAME });

const ADDRESS = 'must be HOST:PORT';
const address = text(ADDRESS).refine((given) => parseTcpAddress(`tcp:${given}`) !== undefined, {
  error: ADDRESS,
});

const HTTP = 'must be http://HOST:PORT';
const httpUrl = text(HTTP).refine(isHttpUrl, { error: HTTP });

function isHttpUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, pathname, search, hash } = new URL(url);
  return protocol === 'http:' && pathname === '/' && search + hash === '';
}

const PROTOCOL = 'must be 1, 2 or "auto"';
const protocol = z
  .union([z.literal('auto'), z.literal(1), z.literal(2), z.literal('1'), z.literal('2')], { error: PROTOCOL })
  .transform((given): 1 | 2 | 'auto' => (given === 'auto' ? given : Number(given) === 1 ? 1 : 2));

const IP = 'must be an IP address';
const NAMES = 'must be a list of names, such as ["loopDHS"]';
const ALLOW = 'must be a list of IP addresses, such as ["10.0.0.7"]';

const FIELD = 'must be a data type and a field, such as "Supply.voltage"';
const field = text(FIELD).regex(/^[\x21-\x7e]{1,64}\.[\x21-\x7e]{1,64}$/, { error: FIELD });

export const DCSS_KINDS = ['motor', 'shutter', 'string', 'ion_chamber', 'encoder', 'operation'] as const;

/** One device or operation of DCSS: what it is here (`node` …), or whose it is (`dhs`). */
const deviceTable = section({
  name,
  kind: z.enum(DCSS_KINDS, { error: `must be ${DCSS_KINDS.slice(0, -1).join(', ')} or operation` }),
  /** The hardware server that has it; it must be in `dhs` of the section. */
  dhs: name.optional(),
  /** The node or device here that it stands for. */
  node: text('must be an address, a name or the id of a device').min(1).max(64).optional(),
  value: field.optional(),
  /** Message of a motor: hex bytes and one placeholder, such as `30 {f32le}`. */
  set: text('must be text').max(400).optional(),
  /** Messages of a shutter, hex. */
  open: text('must be hex bytes').max(400).optional(),
  closed: text('must be hex bytes').max(400).optional(),
  /** Command of a device, and the argument of it that a motor sets. */
  command: text('must be the name of a command').max(64).optional(),
  argument: text('must be the name of an argument').max(64).optional(),
  /** A motor has arrived within this distance. */
  within: number(0, 1e9, 'number').default(0.01),
  upper: number(-1e9, 1e9, 'number').default(1000),
  lower: number(-1e9, 1e9, 'number').default(-1000),
  scale: number(-1e9, 1e9, 'number').default(1000),
  speed: number(0, 1e9, 'number').default(1000),
  acceleration: number(0, 1e9, 'number').default(100),
  backlash: number(-1e9, 1e9, 'number').default(0),
  pseudo: flag.default(false),
});

export type DcssDevice = z.output<typeof deviceTable>;

const DEVICES = 'must be a list of tables [[dcss.device]] with name and kind';

export const dcssSection = section({
  /** Not used without it. */
  server: address.optional(),
  /** As in the data base of DCSS. */
  name: name.default('meshgate'),
  protocol: protocol.default('auto'),
  mode: z.enum(['strict', 'mesh'], { error: 'must be strict or mesh' }).default('strict'),
  virtual: flag.default(false),
  /** Text of one message, NUL included. */
  update_bytes: whole(200, 65_536).default(1024),
  jpeg_listen: address.default('127.0.0.1:9000'),
  jpeg_always: flag.default(false),
  classifier: httpUrl.optional(),
  camera: httpUrl.optional(),
  threshold: number(0, 1, 'number').default(0.04),
  scan: whole(1, 100).default(5),
  frames: whole(1, 10_000).default(90),
  images: whole(1, 1000).default(32),
  loop_words: z.enum(['all', 'seed'], { error: 'must be all or seed' }).default('all'),
  /** Directory for images and results; none are kept without it. */
  save: path.optional(),
  serve: address.optional(),
  dhs: list(name, NAMES).default([]),
  /** Addresses besides this machine's own that may connect to `serve` and `jpeg_listen`. */
  allow: list(
    text(IP).refine((given) => isIP(given) !== 0, { error: IP }),
    ALLOW,
  ).default([]),
  device: z
    .array(deviceTable, { error: DEVICES })
    .max(1000, { error: 'must have at most 1000 tables' })
    .prefault([]),
});

export type DcssSection = z.output<typeof dcssSection>;

export function tcpAddressOf(given: string): TcpAddress {
  const parsed = parseTcpAddress(`tcp:${given}`);
  if (!parsed) throw new RangeError(`${given} is not HOST:PORT`);
  return parsed;
}

/** The devices here that DCSS may use, and those of hardware servers that connect. Throws `BAD_CONFIG`. */
export function checkDevices({ device, dhs, allow, serve, jpeg_listen }: DcssSection): void {
  const names = new Set<string>();
  for (const [index, one] of device.entries()) {
    const bad = (setting: string, why: string) => badDcss(`device.${index}.${setting}`, why);
    if (names.has(one.name)) throw bad('name', `another device is named ${one.name}`);
    names.add(one.name);
    if (dhs.includes(one.name) || one.name === 'camera') throw bad('name', `"${one.name}" is taken`);
    if (one.dhs !== undefined && !dhs.includes(one.dhs)) throw bad('dhs', `"${one.dhs}" is not in dcss.dhs`);
  }
  const reserved = dhs.find((one) => one === 'camera' || one === 'server');
  if (reserved !== undefined) throw badDcss('dhs', `"${reserved}" is taken; choose another name`);
  if (serve !== undefined && dhs.length === 0)
    throw badDcss('dhs', 'is required with serve, such as ["loopDHS"]');
  for (const [setting, given] of [
    ['serve', serve],
    ['jpeg_listen', jpeg_listen],
  ] as const) {
    if (given === undefined || isLoopback(tcpAddressOf(given).host) || allow.length > 0) continue;
    throw badDcss(setting, 'there is no login: listen on 127.0.0.1, or name in dcss.allow who may connect');
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127\./.test(host);
}

/** Whether a peer may connect; `remote`: as the socket reports it. */
export function mayConnect(remote: string | undefined, allow: readonly string[]): boolean {
  if (remote === undefined) return false;
  return isLoopback(remote) || allow.includes(remote.replace(/^::ffff:/, ''));
}

/** `BAD_CONFIG` for settings that are valid alone, and cannot work together. */
export function badDcss(setting: string, why: string): MeshgateError {
  return new MeshgateError('BAD_CONFIG', `dcss.${setting}: ${why}`);
}

/** Id of the device that receives the camera's images; there is one if something here uses them. */
export const CAMERA_ID = 'dcss:camera';

export function hasCamera({ server, classifier, camera, jpeg_always }: DcssSection): boolean {
  return jpeg_always || (server !== undefined && (classifier !== undefined || camera !== undefined));
}

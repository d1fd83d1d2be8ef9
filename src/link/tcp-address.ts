/** Addresses of TCP peers: `tcp:HOST:PORT`, with an IPv6 address in brackets: `tcp:[fe80::1%eth0]:5025`. */
import { isIPv4, isIPv6 } from 'node:net';

export interface TcpAddress {
  /** Host name or IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const MAX_PORT = 65_535;
/** The limit of DNS. */
const MAX_HOST_LENGTH = 253;
const ADDRESS = /^tcp:(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/i;
const HOST_NAME = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?$/i;
/** `192.168.1`, `1.2.3.400`: resolvers would read these as other addresses. */
const LOOKS_LIKE_IPV4 = /^[\d.]+$/;

/** Parses a TCP address; undefined if it is not valid. */
export function parseTcpAddress(text: string): TcpAddress | undefined {
  const [, ipv6, name = '', digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > MAX_PORT) return undefined;
  if (ipv6 !== undefined) return isIPv6(ipv6) ? { host: ipv6, port } : undefined;
  return isHost(name) ? { host: name, port } : undefined;
}

/** `tcp:psu.local:5025`, `tcp:[::1]:5025` */
export function formatTcpAddress({ host, port }: TcpAddress): string {
  return `tcp:${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Why a TCP address is not valid, for people; undefined if it is valid. */
export function tcpAddressProblem(text: string): string | undefined {
  if (parseTcpAddress(text)) return undefined;
  const usage =
    'use tcp:HOST:PORT, such as tcp:192.168.1.20:5025, tcp:psu.local:5025 or tcp:[fe80::1%eth0]:5025';
  return `"${text}" is not a valid TCP address: ${faultOf(text)}${usage}`;
}

function faultOf(text: string): string {
  const rest = /^tcp:(.*)$/i.exec(text)?.[1];
  if (rest === undefined) return '';
  if (isIPv6(rest) || /^[^[\]]*:[^[\]]*:\d*$/.test(rest)) return 'an IPv6 address needs brackets; ';
  const digits = /:(\d+)$/.exec(rest)?.[1];
  if (digits === undefined) return 'the port is missing; ';
  if (Number(digits) < 1 || Number(digits) > MAX_PORT) return `the port must be from 1 to ${MAX_PORT}; `;
  return '';
}

function isHost(text: string): boolean {
  if (LOOKS_LIKE_IPV4.test(text)) return isIPv4(text);
  return text.length <= MAX_HOST_LENGTH && HOST_NAME.test(text);
}

/** The dashboard: its address, and who may access it. */
import { resolve } from 'node:path';
import * as z from 'zod';
import { MeshgateError } from '../../base/errors.js';
import { readOrigin } from '../../base/origin.js';
import { flag, list, secret, text, token } from '../fields.js';
import type { ClientsConfig, SocketsConfig } from './clients.js';

/** `off`, a port of 127.0.0.1, or host and port; IPv6 addresses are in brackets. */
const httpAddress = z
  .union([z.string(), z.number()])
  .transform((value) => parseHttpAddress(String(value)))
  .refine((address) => address !== undefined, {
    error: 'must be off, a port, or HOST:PORT such as 127.0.0.1:7654',
  });

function parseHttpAddress(text: string): { host: string; port: number } | 'off' | undefined {
  if (text === 'off') return 'off';
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) return undefined;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

const ORIGIN = 'must be an origin such as http://localhost:3000, or null';
const ORIGINS = 'must be a list of origins, such as ["http://localhost:3000", "null"]';
const origin = text(ORIGIN).transform((given, context) => {
  const read = readOrigin(given);
  if (read === undefined) context.addIssue({ code: 'custom', message: ORIGIN });
  return read ?? z.NEVER;
});

export const httpSection = z.strictObject({
  /** Dashboard page and websockets. Default: 127.0.0.1:7654 or a port close to it. */
  listen: httpAddress.optional(),
  token: secret(token.optional()),
  read_token: secret(token.optional()),
  /** Pages of other origins that may connect; `null`: pages from a file. */
  origins: list(origin, ORIGINS).default([]),
  read_only: flag.default(false),
  /** Version of the messages for classic dashboards at ws://…/ */
  classic: z.enum(['v1', 'v2'], { error: 'must be v1 or v2' }).default('v1'),
});

interface HttpConfig {
  readonly http: z.output<typeof httpSection>;
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** Throws `BAD_CONFIG` for an address that other machines can reach, if no token is set. */
export function webSettings(
  { http, clients }: HttpConfig & { readonly clients: ClientsConfig },
  { host, port }: { readonly host: string; readonly port: number },
) {
  const isPublic = !LOOPBACK.has(host);
  if (isPublic && http.token === undefined && http.read_token === undefined) {
    throw new MeshgateError(
      'BAD_CONFIG',
      `http.listen = "${host}:${port}": other machines can reach this address, so a token is required`,
      'set http.token (full access) or http.read_token (read-only), or listen on 127.0.0.1',
    );
  }
  return {
    host,
    port,
    isPublic,
    origins: http.origins,
    token: http.token,
    readToken: http.read_token,
    readOnly: http.read_only,
    generation: http.classic,
    outboxLimit: clients.outbox_bytes,
    maxClients: clients.max,
  };
}

/** Throws `BAD_CONFIG` if two listeners have the same address. `socketPath`: of the main socket. */
export function refuseSharedListeners(
  { sockets, tcp, http }: HttpConfig & { readonly sockets: SocketsConfig; readonly tcp: readonly number[] },
  socketPath: string,
): void {
  const shared = sockets.findIndex(({ path }) => resolve(path) === resolve(socketPath));
  if (shared >= 0) {
    throw new MeshgateError(
      'BAD_CONFIG',
      `sockets.${shared}.path = "${socketPath}": already used by the main socket`,
    );
  }
  const { listen = 'off' } = http;
  if (listen !== 'off' && tcp.includes(listen.port) && [...LOOPBACK, '0.0.0.0', '::'].includes(listen.host)) {
    throw new MeshgateError(
      'BAD_CONFIG',
      `http.listen = "${listen.host}:${listen.port}": this port is also in tcp`,
    );
  }
}

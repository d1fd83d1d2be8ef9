/** Sockets and ports for clients, their roles and their limits. */
import { resolve } from 'node:path';
import * as z from 'zod';
import { group, list, mode, path, role, section, whole } from '../fields.js';

export const clientsSection = section({
  mode: mode.default(0o660),
  group: group.optional(),
  /** Role of clients on the main socket; `tcp_role`: on the TCP ports. */
  role: role.default('admin'),
  tcp_role: role.default('admin'),
  max: whole(1, 65_536).default(1024),
  max_request: whole(16, 1_048_576).default(1024),
  request_timeout_ms: whole(10, 600_000).default(5000),
  settle_ms: whole(1, 5000).default(2),
  outbox_bytes: whole(1024, 1_073_741_824).default(1_048_576),
});

export type ClientsConfig = z.output<typeof clientsSection>;

/** Ports of 127.0.0.1. */
export const ports = z.preprocess(
  (value) => (typeof value === 'number' ? [value] : value),
  list(whole(1, 65_535), 'must be a port from 1 to 65535, or a list of ports').refine(
    (all) => new Set(all).size === all.length,
    { error: 'must not list a port twice' },
  ),
);

/** Further Unix sockets, for clients with other roles than on the main one. */
export const sockets = z
  .array(section({ path, role, mode: mode.default(0o660), group: group.optional() }), {
    error: 'must be a list of tables [[sockets]] with path and role',
  })
  .refine((all) => new Set(all.map(({ path }) => resolve(path))).size === all.length, {
    error: 'must not list a path twice',
  });

export type SocketsConfig = z.output<typeof sockets>;

export function clientSettings({ clients }: { readonly clients: ClientsConfig }) {
  return {
    maxClients: clients.max,
    maxRequestLength: clients.max_request,
    requestTimeoutMs: clients.request_timeout_ms,
    settleMs: clients.settle_ms,
    outboxLimit: clients.outbox_bytes,
  };
}

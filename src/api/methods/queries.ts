import * as z from 'zod';
import { ROLES } from '../../config/role.js';
import type { NodeStatus } from '../../node/mesh-node.js';
import { EXECUTORS } from '../../protocol/opcodes.js';
import { auditEntryShape } from '../audit.js';
import { sumOf } from '../client-tally.js';
import { readCounters } from '../counters.js';
import {
  describeAlarm,
  describeDelivery,
  describeDevice,
  describeHealth,
  describeHistory,
  describeLink,
  describeNode,
  describeRoot,
} from '../describe.js';
import { SessionError } from '../errors.js';
import { LongList } from '../long-reply.js';
import { method, nodeParam, resolveNode } from '../method.js';
import {
  alarmShape,
  type ClientInfo,
  clientShape,
  deliveryShape,
  deviceShape,
  healthShape,
  historyShape,
  linkShape,
  mapShape,
  nodeShape,
  nodeStatusShape,
  pathShape,
  robotShape,
  rootShape,
} from '../shapes.js';

/** Versions of the session protocol; clients check them with `hello`. */
const PROTOCOL = { min: 1, max: 1 };

const countsByStatus = z.object({
  unheard: z.int(),
  active: z.int(),
  idle: z.int(),
  disconnected: z.int(),
  unknown: z.int(),
});

export const queryMethods = [
  method({
    name: 'hello',
    summary: 'Supported versions of the session protocol, and the state of the link.',
    params: z.strictObject({}),
    result: z.object({
      protocol: z.object({ min: z.int(), max: z.int() }),
      gateway: z.object({ name: z.literal('meshgate'), version: z.string() }),
      role: z.enum(ROLES).describe('what this session may do'),
      link: linkShape,
    }),
    run: (_params, { hub, gateway, role }) => ({
      protocol: PROTOCOL,
      gateway: { name: 'meshgate' as const, version: gateway.version },
      role,
      link: describeLink(hub.picture.link()),
    }),
  }),
  method({
    name: 'status',
    summary: 'The gateway, its link, the root, and the number of nodes by status.',
    params: z.strictObject({}),
    result: z.object({
      version: z.string(),
      pid: z.int(),
      startedAt: z.number(),
      uptimeMs: z.number(),
      port: z.string().nullable().describe('as configured: auto, a path, or usb:…; null on a virtual mesh'),
      dashboard: z.string().nullable().describe('URL, as seen from the gateway; null = not served'),
      link: linkShape,
      root: rootShape,
      nodes: z.object({ total: z.int(), byStatus: countsByStatus }),
      devices: z.object({ total: z.int(), byStatus: countsByStatus }),
      clients: z.object({
        connected: z.int(),
        listening: z.int(),
        sessions: z.int(),
        queuedBytes: z.int().describe('of the current clients, as are the next three'),
        sent: z.object({ messages: z.int(), bytes: z.int() }),
        dropped: z.int(),
        coalesced: z.int(),
      }),
      history: historyShape,
      openAlarms: z.int(),
      seq: z.int().describe('number of the last event'),
    }),
    run: (_params, { hub, gateway, clock }) => ({
      version: gateway.version,
      pid: process.pid,
      startedAt: gateway.startedAt,
      uptimeMs: Math.max(0, clock.now() - gateway.startedAt),
      port: gateway.port,
      dashboard: gateway.dashboardUrl?.() ?? null,
      link: describeLink(hub.picture.link()),
      root: describeRoot(hub.picture.root()),
      nodes: countByStatus(hub.picture.nodes()),
      devices: countByStatus(hub.picture.devices()),
      clients: { ...gateway.clients(), ...countsOf(gateway.clientList()) },
      history: describeHistory(hub.archive.status()),
      openAlarms: hub.alarms.open().length,
      seq: hub.feed.lastSeq(),
    }),
  }),
  method({
    name: 'health',
    summary: 'Health checks of the link, the root, alarms, nodes and history.',
    params: z.strictObject({}),
    result: healthShape,
    run: (_params, { hub }) => describeHealth(hub.health()),
  }),
  method({
    name: 'nodes',
    summary: 'All nodes with their latest values, by address.',
    params: z.strictObject({ status: nodeStatusShape.optional() }),
    result: z.object({ nodes: z.array(nodeShape) }),
    run: ({ status }, { hub, clock }) => ({
      nodes: LongList.ofNodes(hub, (node) =>
        status === undefined || node.status === status ? describeNode(node, clock.now()) : undefined,
      ),
    }),
  }),
  method({
    name: 'node',
    summary: 'One node or device with the latest value of each of its data types.',
    params: z.strictObject({ node: nodeParam }),
    result: nodeShape,
    run: ({ node }, { hub, clock }) => describeNode(resolveNode(node, hub), clock.now()),
  }),
  method({
    name: 'devices',
    summary: 'All devices (of sources other than the mesh) with their latest values.',
    params: z.strictObject({}),
    result: z.object({ devices: z.array(deviceShape) }),
    run: (_params, { hub, clock }) => ({
      devices: LongList.of(hub.picture.devices(), (device) => describeDevice(device, clock.now())),
    }),
  }),
  method({
    name: 'paths',
    summary: 'The direct-forwarding paths last reported by the root; refresh asks for them again.',
    params: z.strictObject({}),
    result: z.object({
      paths: z.array(pathShape),
      restored: z.boolean().describe('from an earlier run of the gateway'),
    }),
    run: (_params, { hub }) => ({
      paths: [...hub.picture.paths()],
      restored: hub.picture.arePathsRestored(),
    }),
  }),
  method({
    name: 'robots',
    summary: 'The last published list of robots.',
    params: z.strictObject({}),
    result: z.object({ robots: z.array(robotShape) }),
    run: (_params, { hub }) => ({ robots: [...hub.picture.robots()] }),
  }),
  method({
    name: 'map',
    summary: "Background of the dashboard's map; null where not configured.",
    params: z.strictObject({}),
    result: mapShape,
    run: (_params, { gateway }) => gateway.map,
  }),
  method({
    name: 'dataTypes',
    summary: 'The data types in data-types.json, and those of devices.',
    params: z.strictObject({}),
    result: z.object({
      types: z.array(
        z.object({
          name: z.string(),
          id: z.int(),
          length: z.int().describe('bytes; the maximum if it varies'),
          varying: z.boolean(),
          fields: z.array(
            z.object({
              name: z.string(),
              unit: z.string().nullable(),
              names: z
                .record(z.string(), z.string())
                .optional()
                .describe('of an enumeration: name by number'),
            }),
          ),
        }),
      ),
    }),
    run: (_params, { hub }) => ({
      types: hub.tables.dataTypes.all().map(({ name, id, length, varying, fields, json }) => ({
        name,
        id,
        length,
        varying,
        fields: (json?.fields ?? fields).map(({ name: field, unit = null, names: named }) =>
          named ? { name: field, unit, names: { ...named } } : { name: field, unit },
        ),
      })),
    }),
  }),
  method({
    name: 'opcodes',
    summary: 'The messages and commands in opcodes.json.',
    params: z.strictObject({}),
    result: z.object({
      messages: z.array(z.object({ opcode: z.int(), name: z.string(), listeners: z.boolean() })),
      commands: z.array(z.object({ name: z.string(), executor: z.enum(EXECUTORS) })),
    }),
    run: (_params, { hub: { tables } }) => ({
      messages: tables.opcodes.messages().map(({ opcode, name, listeners }) => ({ opcode, name, listeners })),
      commands: tables.opcodes.commands().map(({ name, executor }) => ({ name, executor })),
    }),
  }),
  method({
    name: 'alarms',
    summary: 'Open alarms (active, or not acknowledged), oldest first.',
    params: z.strictObject({}),
    result: z.object({ alarms: z.array(alarmShape) }),
    run: (_params, { hub }) => ({ alarms: hub.alarms.open().map(describeAlarm) }),
  }),
  method({
    name: 'clients',
    summary: 'Connected clients, each with what it was sent and what it missed.',
    params: z.strictObject({}),
    result: z.object({ clients: z.array(clientShape) }),
    run: (_params, { gateway }) => ({ clients: gateway.clientList() }),
  }),
  method({
    name: 'counters',
    summary: 'All counters of the gateway, by component and reason.',
    params: z.strictObject({}),
    result: z.record(z.string(), z.unknown()),
    run: (_params, { hub, gateway }) => readCounters(hub, gateway),
  }),
  method({
    name: 'audit',
    summary: 'Commands carried out with the role admin, oldest first; the last 1,000 are kept.',
    params: z.strictObject({ limit: z.int().min(1).max(1000).default(100) }),
    result: z.object({ entries: z.array(auditEntryShape) }),
    run: ({ limit }, { gateway }) => ({ entries: gateway.audit.last(limit) }),
  }),
  method({
    name: 'delivery',
    summary: 'State of a sent message; the last 1,000 are kept.',
    params: z.strictObject({ id: z.string() }),
    result: deliveryShape,
    run: ({ id }, { hub }) => {
      const delivery = hub.commands.findDelivery(id);
      if (!delivery) throw new SessionError('DELIVERY_NOT_FOUND', id);
      return describeDelivery(delivery);
    },
  }),
] as const;

function countsOf(clients: readonly ClientInfo[]) {
  const { queuedBytes, messages, bytes, dropped, coalesced } = sumOf(clients);
  return { queuedBytes, sent: { messages, bytes }, dropped, coalesced };
}

function countByStatus(all: readonly { readonly status: NodeStatus }[]) {
  const byStatus = { unheard: 0, active: 0, idle: 0, disconnected: 0, unknown: 0 };
  for (const { status } of all) byStatus[status]++;
  return { total: all.length, byStatus };
}

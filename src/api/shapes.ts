/**
 * Schemas of the session's data: they validate parameters, generate the OpenRPC document, and give the client library
 * its types. Times are ms since the epoch, host clock, unless stated otherwise; bytes are hex.
 */
import * as z from 'zod';
import { ROLES } from '../config/role.js';
import { ALARM_PRIORITIES } from '../hub/alarms.js';
import { ARGUMENT_TYPES } from '../hub/command-definition.js';
import { DELIVERY_STAGES } from '../hub/deliveries.js';
import { COMMAND_FAILURES } from '../hub/failures.js';
import { HEALTH_CHECKS, HEALTH_LEVELS } from '../hub/health.js';
import { NODE_CHANGES, RECOVERY_OUTCOMES, RECOVERY_STEPS } from '../hub/hub.js';
import { LINK_STATES } from '../link/link-keeper.js';
import { NODE_STATUSES } from '../node/mesh-node.js';
import { MAX_DEVICE_ADDRESS } from '../protocol/address.js';
import { CLIENT_KINDS } from './client-kind.js';

const MAX_ADDRESS = 0xffff;

/** The codes of a closed list. */
function codesOf<Code extends string>(list: Readonly<Record<Code, unknown>>): [Code, ...Code[]] {
  return Object.keys(list) as [Code, ...Code[]];
}

const time = z.number().describe('ms since the epoch, host clock');
const hex = z.string().regex(/^([0-9a-f]{2})*$/i);

/** Address of a node, or the internal number of a device; people and programs use the device's id. */
const nodeOrDevice = z
  .int()
  .min(0)
  .max(MAX_DEVICE_ADDRESS)
  .describe('unicast address; 0 = the root; 0x10000 and up = a device');
const device = z.string().optional().describe('id of the device; absent for a node of the mesh');

const anyAddress = z.int().min(0).max(MAX_ADDRESS);

export const linkShape = z.object({
  state: z.enum(LINK_STATES),
  since: time,
  port: z.string().nullable(),
  identity: z.string().nullable().describe('identity of the board, if known'),
  reason: z.string().nullable().describe('code of the reason why the link is down'),
  detail: z.string().nullable().describe('the reason as text'),
});

export const rootShape = z.object({
  lastHeardAt: time.nullable(),
  resets: z.int().describe('root restarts since the gateway started'),
});

export const nodeStatusShape = z.enum(NODE_STATUSES);

export const fieldShape = z.object({
  value: z.union([z.number(), z.string()]),
  name: z.string().optional().describe('what the number stands for, of an enumeration'),
  unit: z.string().optional(),
});

export const valueShape = z.object({
  node: nodeOrDevice,
  device,
  type: z.string(),
  id: z.int(),
  bytes: hex,
  fields: z.record(z.string(), fieldShape).describe('decoded as described in data-types.json'),
  receivedAt: time,
  deviceTime: z.number().nullable().describe("ms since the epoch, device's clock"),
});

export const exportedValueShape = valueShape.extend({
  name: z.string().describe('name of the node, which may be gone by now'),
});

export const agedValueShape = valueShape.extend({ ageMs: z.number().describe('ms since it was received') });

const fieldSummaryShape = z.object({ min: z.number(), max: z.number(), mean: z.number(), last: z.number() });

export const bucketShape = z.object({
  at: time.describe('start of the bucket, ms since the epoch; a multiple of bucketMs'),
  count: z.int().describe('values in the bucket'),
  fields: z.record(z.string(), fieldSummaryShape).describe('numeric fields only'),
});

export const historyShape = z.object({
  file: z.string().nullable().describe('path of the history file; null = in memory only'),
  fault: z.string().nullable().describe('why the history is in memory only or not being written'),
  driver: z
    .string()
    .nullable()
    .describe('SQLite library in use: node:sqlite or libsql; null = none, history is in memory only'),
  storedSeq: z.int().nullable().describe('number of the last event on disk'),
});

export const nodeShape = z.object({
  address: nodeOrDevice,
  device,
  name: z.string(),
  uuid: hex.nullable(),
  status: nodeStatusShape,
  restored: z.boolean().describe('known from an earlier run of the gateway and not heard since'),
  lastHeardAt: time.nullable(),
  values: z.array(agedValueShape).describe('the latest value of each data type'),
});

export const deviceShape = z.object({
  id: z.string().describe('device id, such as hev or hv:1'),
  node: nodeOrDevice.describe('number of the device in values and events'),
  source: z.string().describe('the source that reports the device'),
  status: nodeStatusShape.describe('unknown: the link of its source is down; unheard: no value yet'),
  restored: z.boolean().describe('the values are from before its source was opened'),
  lastHeardAt: time.nullable(),
  values: z.array(agedValueShape).describe('the latest value of each data type'),
});

const argumentValueShape = z.union([z.number(), z.string(), z.boolean()]);

export const commandDefinitionShape = z.object({
  name: z.string(),
  summary: z.string(),
  role: z.enum(ROLES).describe('needed to run it'),
  hazardous: z.boolean().describe('it moves, switches or heats something: confirm it with a person'),
  abortable: z.boolean(),
  arguments: z.array(
    z.object({
      name: z.string(),
      type: z.enum(ARGUMENT_TYPES),
      summary: z.string().nullable(),
      unit: z.string().nullable(),
      min: z.number().nullable().describe('of a text: of its length'),
      max: z.number().nullable(),
      choices: z.array(z.string()).nullable(),
      default: argumentValueShape.nullable(),
      required: z.boolean(),
    }),
  ),
});

export const deviceDetailsShape = deviceShape.extend({
  description: z.string().nullable(),
  link: linkShape.describe('of its source'),
  images: z
    .array(
      z.object({
        type: z.string(),
        id: z.int(),
        mediaType: z.string(),
        receivedAt: time,
        bytes: z.int().describe('length; the method image returns the image itself'),
      }),
    )
    .describe('of types of which only the newest value is kept'),
  commands: z.array(commandDefinitionShape),
});

export const pathShape = z.object({
  origin: anyAddress,
  target: anyAddress.describe('unicast or group address'),
});

export const robotShape = z.object({
  id: z.union([z.number(), z.string()]),
  name: z.string(),
  state: z.string(),
  node: z.string(),
});

export const mapShape = z.object({
  image: z.string().nullable().describe('path of the background image on this server'),
  corners: z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .nullable()
    .describe('north, west, south, east edge of the image, in degrees; null = georeferenced image'),
  tiles: z.string().nullable().describe('URL of map tiles, with {z}, {x} and {y}'),
  attribution: z.string().nullable(),
});

export const alarmShape = z.object({
  id: z.string(),
  code: z.string().describe('see docs/protocol.md; connectors and devices have their own codes'),
  priority: z.enum(ALARM_PRIORITIES),
  node: nodeOrDevice.nullable(),
  source: z.string().optional().describe('the device source concerned; absent for alarms about the mesh'),
  device: z.string().optional().describe('for DEVICE_ALARM: id of the device'),
  deviceCode: z.string().optional().describe("for DEVICE_ALARM: the device's own code"),
  text: z.string(),
  firstAt: time,
  lastAt: time,
  count: z.int(),
  active: z.boolean().describe('the condition persists'),
  acknowledged: z.boolean(),
  restored: z.boolean().describe('from an earlier run of the gateway and not raised again since'),
});

export const deliveryStageShape = z.enum(DELIVERY_STAGES);

export const deliveryShape = z.object({
  id: z.string(),
  to: nodeOrDevice.nullable().describe('null = all nodes'),
  message: hex.describe('empty for a command to a device'),
  device: z.string().optional().describe('id of the device that a command is for'),
  command: z.object({ name: z.string(), arguments: z.record(z.string(), argumentValueShape) }).optional(),
  progress: z
    .object({ fraction: z.number().optional().describe('0 to 1'), text: z.string().optional() })
    .optional(),
  result: z.unknown().optional().describe('what a completed command returned'),
  stage: deliveryStageShape,
  stages: z.array(z.object({ stage: deliveryStageShape, at: time })),
  failure: z.enum(codesOf(COMMAND_FAILURES)).nullable(),
  detail: z
    .string()
    .optional()
    .describe('why it failed, including the root’s own text if the root rejected the message'),
  answer: hex.nullable(),
  roundTripMs: z.number().nullable().describe('ms from writing to the answer'),
});

export const messageShape = z.object({
  from: anyAddress.describe(
    'unicast address; 0 = the root; above 0x7FFF only in malformed messages and complaints of the root',
  ),
  name: z.string().describe('name of the opcode; Text, Malformed, or Unknown 0x…'),
  opcode: z.int().nullable(),
  body: hex,
  text: z.string().nullable().describe('text printed by the firmware'),
  detail: z
    .string()
    .nullable()
    .describe('what the message lists, why it is malformed, or which address the root’s text is about'),
  toListeners: z.boolean().describe('forwarded to clients of the classic dialect'),
});

const healthLevel = z.enum(HEALTH_LEVELS);

export const healthShape = z.object({
  ready: z
    .boolean()
    .describe('the link is open, the root was heard recently, and all sockets accept clients'),
  healthy: z.boolean().describe('no check is unhealthy'),
  level: healthLevel.describe('worst level of all checks; degraded: working, but needs attention'),
  checks: z.array(
    z.object({
      check: z.enum(HEALTH_CHECKS),
      ok: z.boolean().describe('the check is not unhealthy'),
      level: healthLevel,
      reason: z.string().nullable().describe('code of the reason if not healthy'),
      text: z.string().nullable().describe('the reason as text'),
    }),
  ),
});

export const clientShape = z.object({
  name: z.string().describe('as in the log and in traffic events'),
  kind: z.enum(codesOf(CLIENT_KINDS)).describe('new: not known yet'),
  role: z.enum(ROLES).nullable().describe('permissions; null until authenticated'),
  connectedAt: time,
  queuedBytes: z.int().describe('not yet taken by the system'),
  sent: z.object({
    messages: z.int().describe('replies, events, messages'),
    bytes: z.int().describe('on this connection, including queued bytes'),
  }),
  dropped: z.int().describe('events not sent because the client read too slowly'),
  coalesced: z.int().describe('values replaced by later ones because the client read too slowly'),
});

const seq = z.int().describe('event number; one sequence for all events');
const eventBase = { seq, at: time };

export const eventShape = z.discriminatedUnion('kind', [
  z.object({ ...eventBase, kind: z.literal('message'), message: messageShape }),
  z.object({ ...eventBase, kind: z.literal('value'), value: valueShape }),
  z.object({
    ...eventBase,
    kind: z.literal('node'),
    node: nodeOrDevice,
    device,
    change: z.enum(NODE_CHANGES),
    status: nodeStatusShape.nullable().describe('the new status, with change "status"'),
  }),
  z.object({
    ...eventBase,
    kind: z.literal('recovery'),
    step: z.enum(codesOf(RECOVERY_STEPS)).describe('recovery step for a silent root'),
    round: z.int().describe('starts at 1; a new round begins after a pause'),
    outcome: z.enum(RECOVERY_OUTCOMES),
  }),
  z.object({ ...eventBase, kind: z.literal('paths'), paths: z.array(pathShape) }),
  z.object({ ...eventBase, kind: z.literal('link'), link: linkShape }),
  z.object({ ...eventBase, kind: z.literal('delivery'), delivery: deliveryShape }),
  z.object({ ...eventBase, kind: z.literal('alarm'), alarm: alarmShape }),
  z.object({ ...eventBase, kind: z.literal('console'), line: z.string() }),
  z.object({
    ...eventBase,
    kind: z.literal('traffic'),
    client: z.string(),
    what: z.enum(['sent', 'log']),
    body: hex.nullable().describe('command sent to the root'),
    text: z.string().nullable().describe('log line from a client'),
  }),
  z.object({ ...eventBase, kind: z.literal('robots'), robots: z.array(robotShape) }),
]);

/** Every kind of event. */
export const eventKinds = eventShape.options.map(({ shape }) => shape.kind.value);

export const goneShape = z
  .object({ from: seq, to: seq.nullable().describe('null = the numbering has restarted') })
  .describe('event numbers that will never be delivered, both ends included');

export const snapshotShape = z.object({
  seq: seq.describe('the snapshot includes everything up to this event'),
  link: linkShape,
  root: rootShape,
  nodes: z.array(nodeShape),
  paths: z.array(pathShape),
  robots: z.array(robotShape),
  alarms: z.array(alarmShape),
  devices: z.array(deviceShape),
});

export type LinkInfo = z.output<typeof linkShape>;
export type RootInfo = z.output<typeof rootShape>;
export type NodeStatusName = z.output<typeof nodeStatusShape>;
export type Value = z.output<typeof valueShape>;
export type ExportedValue = z.output<typeof exportedValueShape>;
export type AgedValue = z.output<typeof agedValueShape>;
export type BucketInfo = z.output<typeof bucketShape>;
export type HistoryInfo = z.output<typeof historyShape>;
export type NodeInfo = z.output<typeof nodeShape>;
export type DeviceInfo = z.output<typeof deviceShape>;
export type DeviceDetails = z.output<typeof deviceDetailsShape>;
export type CommandInfo = z.output<typeof commandDefinitionShape>;
export type PathInfo = z.output<typeof pathShape>;
export type RobotInfo = z.output<typeof robotShape>;
export type MapInfo = z.output<typeof mapShape>;
export type HealthInfo = z.output<typeof healthShape>;
export type ClientInfo = z.output<typeof clientShape>;
export type AlarmInfo = z.output<typeof alarmShape>;
export type DeliveryInfo = z.output<typeof deliveryShape>;
export type MessageInfo = z.output<typeof messageShape>;
export type MeshEvent = z.output<typeof eventShape>;
export type EventKind = MeshEvent['kind'];
export type Snapshot = z.output<typeof snapshotShape>;

/**
 * What the session says, as schemas: they check the parameters, make the OpenRPC document, and give the client
 * library its types. Times are ms since the epoch, host clock, unless they say otherwise; bytes are hex.
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

/** Of a node of the mesh, or the number by which a device is known inside: people and programs use its id. */
const nodeOrDevice = z
  .int()
  .min(0)
  .max(MAX_DEVICE_ADDRESS)
  .describe('unicast address; 0 = the root; 0x10000 and up where it is about a device');
const device = z
  .string()
  .optional()
  .describe('id of the device; absent where it is about a node of the mesh');

const anyAddress = z.int().min(0).max(MAX_ADDRESS);

export const linkShape = z.object({
  state: z.enum(LINK_STATES),
  since: time,
  port: z.string().nullable(),
  identity: z.string().nullable().describe('which board it is, where that can be told'),
  reason: z.string().nullable().describe('why there is no link, from a closed list'),
  detail: z.string().nullable().describe('the reason in words'),
});

export const rootShape = z.object({
  lastHeardAt: time.nullable(),
  resets: z.int().describe('restarts of the root since the gateway started'),
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
  fields: z.record(z.string(), fieldShape).describe('decoded as data-types.json says'),
  receivedAt: time,
  deviceTime: z.number().nullable().describe('ms since the epoch, clock of the device'),
});

export const exportedValueShape = valueShape.extend({
  name: z.string().describe('of the node, which need not be known any more'),
});

export const agedValueShape = valueShape.extend({ ageMs: z.number().describe('since it was received') });

const fieldSummaryShape = z.object({ min: z.number(), max: z.number(), mean: z.number(), last: z.number() });

export const bucketShape = z.object({
  at: time.describe('beginning of the bucket, ms since the epoch: a multiple of bucketMs'),
  count: z.int().describe('values in it'),
  fields: z.record(z.string(), fieldSummaryShape).describe('fields that are numbers'),
});

export const historyShape = z.object({
  file: z.string().nullable().describe('where history is kept; null = in memory only'),
  fault: z.string().nullable().describe('why it is in memory only, or is not written now'),
  storedSeq: z.int().nullable().describe('number of the last event that is on the disk'),
});

export const nodeShape = z.object({
  address: nodeOrDevice,
  device,
  name: z.string(),
  uuid: hex.nullable(),
  status: nodeStatusShape,
  restored: z.boolean().describe('known from an earlier run of the gateway, and not heard since'),
  lastHeardAt: time.nullable(),
  values: z.array(agedValueShape).describe('the latest of each data type'),
});

export const deviceShape = z.object({
  id: z.string().describe('what it is called everywhere: hev, hv:1'),
  node: nodeOrDevice.describe('its number in values and events'),
  source: z.string().describe('what reports it'),
  status: nodeStatusShape.describe('unknown: the link of its source is down; unheard: no value yet'),
  restored: z.boolean().describe('its values are from before its source was opened'),
  lastHeardAt: time.nullable(),
  values: z.array(agedValueShape).describe('the latest of each data type'),
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
  images: z
    .array(
      z.object({
        type: z.string(),
        id: z.int(),
        mediaType: z.string(),
        receivedAt: time,
        bytes: z.int().describe('length; the image itself is at /devices/ID/TYPE of the web port'),
      }),
    )
    .describe('the newest of each type that is kept as the newest only'),
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
  image: z.string().nullable().describe('path of the background picture on this server'),
  corners: z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .nullable()
    .describe('north, west, south, east of the picture, in degrees; null = the picture says it itself'),
  tiles: z.string().nullable().describe('address of map tiles, with {z}, {x} and {y}'),
  attribution: z.string().nullable(),
});

export const alarmShape = z.object({
  id: z.string(),
  code: z.string().describe('one of docs/protocol.md; connectors and devices have codes of their own'),
  priority: z.enum(ALARM_PRIORITIES),
  node: nodeOrDevice.nullable(),
  source: z
    .string()
    .optional()
    .describe('the source of devices that it is about; absent where it is about the mesh'),
  device: z.string().optional().describe('of DEVICE_ALARM: id of the device'),
  deviceCode: z.string().optional().describe("of DEVICE_ALARM: the device's own code"),
  text: z.string(),
  firstAt: time,
  lastAt: time,
  count: z.int(),
  active: z.boolean().describe('the condition is there now'),
  acknowledged: z.boolean(),
  restored: z.boolean().describe('from an earlier run of the gateway, and not noticed anew since'),
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
    .describe('only where it failed: why, in words, with the root’s own where it rejected the message'),
  answer: hex.nullable(),
  roundTripMs: z.number().nullable().describe('from writing to the answer'),
});

export const messageShape = z.object({
  from: anyAddress.describe(
    'unicast address; 0 = the root; above 0x7FFF only where it is malformed or a complaint',
  ),
  name: z.string().describe('the opcode by name; Text, Malformed, or Unknown 0x…'),
  opcode: z.int().nullable(),
  body: hex,
  text: z.string().nullable().describe('firmware text'),
  detail: z
    .string()
    .nullable()
    .describe('what it lists, what is wrong with it, or which address the root’s text is about'),
  toListeners: z.boolean().describe('clients of the classic dialect got it'),
});

const healthLevel = z.enum(HEALTH_LEVELS);

export const healthShape = z.object({
  ready: z
    .boolean()
    .describe('the link is open, the root has spoken lately, and clients can connect on every socket'),
  healthy: z.boolean().describe('no check is unhealthy'),
  level: healthLevel.describe('the worst of the checks; degraded: it works, but somebody should look'),
  checks: z.array(
    z.object({
      check: z.enum(HEALTH_CHECKS),
      ok: z.boolean().describe('it is not unhealthy'),
      level: healthLevel,
      reason: z.string().nullable().describe('why it is not healthy, from a closed list'),
      text: z.string().nullable().describe('the reason in words'),
    }),
  ),
});

export const clientShape = z.object({
  name: z.string().describe('as in the log, and in events of kind traffic'),
  kind: z.enum(codesOf(CLIENT_KINDS)).describe('new: it has not said yet what it is'),
  role: z.enum(ROLES).nullable().describe('what it may do; null until it has shown its token'),
  connectedAt: time,
  queuedBytes: z.int().describe('that the system has not taken yet'),
  sent: z.object({
    messages: z.int().describe('replies, events, messages'),
    bytes: z.int().describe('on its connection, queued ones included'),
  }),
  dropped: z.int().describe('events that it did not get because it read too slowly'),
  coalesced: z.int().describe('values that a later one replaced because it read too slowly'),
});

const seq = z.int().describe('from one counter');
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
    step: z.enum(codesOf(RECOVERY_STEPS)).describe('what was done about a silent root'),
    round: z.int().describe('counts from 1; a new one begins after a pause'),
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
    body: hex.nullable().describe('what went to the root'),
    text: z.string().nullable().describe('what a client wants shown'),
  }),
  z.object({ ...eventBase, kind: z.literal('robots'), robots: z.array(robotShape) }),
]);

/** Every kind of event. */
export const eventKinds = eventShape.options.map(({ shape }) => shape.kind.value);

export const goneShape = z
  .object({ from: seq, to: seq.nullable().describe('null = the numbering has begun anew') })
  .describe('numbers that will never be delivered, both ends included');

export const snapshotShape = z.object({
  seq: seq.describe('the picture holds everything up to this event'),
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

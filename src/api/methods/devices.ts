import * as z from 'zod';
import { mayDo } from '../../config/role.js';
import { type CommandDefinition, checkArguments } from '../../hub/command-definition.js';
import type { DeviceView, Hub } from '../../hub/hub.js';
import { describeDelivery, describeDeviceDetails, UNKNOWN_MEDIA } from '../describe.js';
import { SessionError } from '../errors.js';
import { LongList } from '../long-reply.js';
import {
  type MethodContext,
  method,
  nodeParam,
  resolveAddress,
  resolveType,
  throwIfFailed,
  typeParam,
} from '../method.js';
import { deliveryShape, deviceDetailsShape } from '../shapes.js';

const DEFAULT_WAIT_MS = 10_000;
const MAX_WAIT_MS = 3_600_000;
/** Commands in one reply: each may have a result of 64 KiB. */
const MAX_LISTED = 100;
const DEFAULT_LISTED = 20;

const argumentValue = z.union([z.number(), z.string(), z.boolean()]);

export const deviceMethods = [
  method({
    name: 'device',
    summary: 'One device with its latest values, its images, and the commands that it takes.',
    params: z.strictObject({ device: nodeParam }),
    result: deviceDetailsShape,
    run: ({ device }, { hub, clock }) => describeDeviceDetails(resolveDevice(device, hub), clock.now()),
  }),
  method({
    name: 'image',
    summary: 'The newest image of a device, or whatever else of which only the newest value is kept.',
    params: z.strictObject({ device: nodeParam, type: typeParam }),
    result: z.object({
      type: z.string(),
      mediaType: z.string(),
      receivedAt: z.number().describe('ms since the epoch, host clock'),
      data: z.string().describe('its bytes, base64'),
    }),
    run: ({ device, type }, { hub }) => {
      const { id } = resolveType(type, hub);
      const image = resolveDevice(device, hub).media.find((value) => value.type.id === id);
      if (!image) throw new SessionError('TYPE_NOT_FOUND', `no image ${type} of this device`);
      const { name, latestOnly } = image.type;
      const mediaType = latestOnly?.mediaType ?? UNKNOWN_MEDIA;
      return { type: name, mediaType, receivedAt: image.receivedAt, data: image.bytes.toString('base64') };
    },
  }),
  method({
    name: 'command',
    summary: 'Give a device a command. Its stages arrive as delivery events.',
    role: 'send',
    isAudited: true,
    params: z.strictObject({
      device: nodeParam,
      name: z.string().min(1).max(64),
      arguments: z.record(z.string(), argumentValue).default({}),
      until: z
        .enum(['queued', 'accepted', 'completed'])
        .default('accepted')
        .describe('the reply comes at this stage, when the command has ended, or after timeoutMs'),
      timeoutMs: z.int().min(1).max(MAX_WAIT_MS).default(DEFAULT_WAIT_MS),
    }),
    result: deliveryShape,
    run: async ({ device, name, arguments: given, until, timeoutMs }, context) => {
      const { hub, owner, tag, deliveries } = context;
      const view = resolveDevice(device, hub);
      const definition = findPermitted(view, name, context);
      const checked = checkArguments(definition, given);
      if ('fault' in checked) throw new SessionError('BAD_PARAMS', `${view.id} ${name}: ${checked.fault}`);
      const by = { owner, ...(tag !== undefined && { tag }) };
      const { values } = checked;
      const begun = hub.commands.command({ address: view.address, definition, arguments: values, by });
      const reached = until === 'queued' ? begun : await deliveries.wait(begun, until, timeoutMs);
      throwIfFailed(reached);
      return describeDelivery(reached);
    },
  }),
  method({
    name: 'deliveries',
    summary: 'Commands to one device, newest first: those under way, and the last ones that have ended.',
    params: z.strictObject({
      device: nodeParam,
      limit: z.int().min(1).max(MAX_LISTED).default(DEFAULT_LISTED),
    }),
    result: z.object({ deliveries: z.array(deliveryShape) }),
    run: ({ device, limit }, { hub }) => {
      const { address } = resolveDevice(device, hub);
      return { deliveries: LongList.of(hub.commands.commandsOf(address).slice(0, limit), describeDelivery) };
    },
  }),
  method({
    name: 'abort',
    summary: 'Abort a command that a device is carrying out. The stage aborted follows as a delivery event.',
    role: 'send',
    isAudited: true,
    params: z.strictObject({ delivery: z.string() }),
    result: deliveryShape,
    run: ({ delivery }, { hub }) => {
      const outcome = hub.commands.abort(delivery);
      const found = hub.commands.findDelivery(delivery);
      if (outcome === 'unknown' || !found) throw new SessionError('DELIVERY_NOT_FOUND', delivery);
      if (outcome !== 'aborting') throw new SessionError('NOT_ABORTABLE', delivery);
      return describeDelivery(found);
    },
  }),
] as const;

/** Throws `NODE_NOT_FOUND`. */
function resolveDevice(device: number | string, hub: Hub): DeviceView {
  const view = hub.picture.findDevice(resolveAddress(device, hub));
  if (!view) throw new SessionError('NODE_NOT_FOUND', `no device ${device}`);
  return view;
}

/** Throws `COMMAND_NOT_FOUND` or `FORBIDDEN`. */
function findPermitted(
  { id, commands }: DeviceView,
  name: string,
  { role }: MethodContext,
): CommandDefinition {
  const definition = commands.find((command) => command.name === name);
  if (!definition) {
    const names = commands.map((command) => command.name).join(', ') || 'none';
    throw new SessionError('COMMAND_NOT_FOUND', `${id} ${name} (available: ${names})`);
  }
  if (!mayDo(role, definition.role ?? 'send')) throw new SessionError('FORBIDDEN', `${id} ${name}`);
  return definition;
}

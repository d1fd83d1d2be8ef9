import * as z from 'zod';
import type { Work } from '../../base/turns.js';
import type { Delivery, DeliveryStage } from '../../hub/deliveries.js';
import type { Hub } from '../../hub/hub.js';
import { describeNode, describeSnapshotHead, describeSnapshotTail, failureText } from '../describe.js';
import { SessionError } from '../errors.js';
import type { EventCriteria } from '../event-filter.js';
import {
  type MethodContext,
  type MethodReply,
  method,
  nodeParam,
  opcodeParam,
  resolveAddress,
  resolveNode,
  resolveOpcode,
  resolveType,
  type TypedMethod,
  typeParam,
} from '../method.js';
import { snapshotNodes } from '../node-picture.js';
import { eventKinds, goneShape, snapshotShape } from '../shapes.js';
import type { Subscriptions } from '../subscriptions.js';

export const subscribeParams = z.strictObject({
  kinds: z.array(z.enum(eventKinds)).optional().describe('default: all'),
  nodes: z.array(nodeParam).optional().describe('filters events about a node'),
  opcodes: z.array(opcodeParam).optional().describe('filters messages'),
  types: z.array(typeParam).optional().describe('filters values'),
  snapshot: z.boolean().default(false).describe('send the current state first'),
  since: z.int().min(0).optional().describe('resume after this event'),
  minIntervalMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(0)
    .describe('minimum interval between values of one node and type'),
});

export type SubscribeParams = z.output<typeof subscribeParams>;

const subscribeResult = z.object({
  subscription: z.string(),
  seq: z.int().describe('number of the last event so far'),
  gone: goneShape.nullable().describe('events that can no longer be replayed'),
  snapshot: snapshotShape.nullable(),
});

const subscribeMethod: TypedMethod<'subscribe', typeof subscribeParams, typeof subscribeResult> = {
  name: 'subscribe',
  summary: 'Receive events as `event` notifications; a `gap` notification reports a range that was missed.',
  role: 'read',
  isAudited: false,
  params: subscribeParams,
  result: subscribeResult,
  run(given, context): MethodReply | Work<MethodReply> {
    const params = given as SubscribeParams;
    const { hub } = context;
    subscriptionsOf(context, 'subscribe').checkRoom();
    const criteria = readCriteria(params, hub);
    return params.snapshot
      ? subscribeWithSnapshot(criteria, params.since, context)
      : subscribe(criteria, params.since, null, context);
  },
};

function subscribe(
  criteria: EventCriteria,
  since: number | undefined,
  snapshot: object | null,
  context: MethodContext,
): MethodReply {
  const { hub } = context;
  const { id, gone, open } = subscriptionsOf(context, 'subscribe').add(criteria, since);
  return {
    result: { subscription: id, seq: hub.feed.lastSeq(), gone: gone ?? null, snapshot },
    afterReply: open,
  };
}

/** The snapshot and the subscription begin at the same event: none in between is missing or sent twice. */
function* subscribeWithSnapshot(
  criteria: EventCriteria,
  since: number | undefined,
  context: MethodContext,
): Work<MethodReply> {
  const { hub, clock } = context;
  const nodes = yield* snapshotNodes(hub, (node) => describeNode(node, clock.now()));
  return subscribe(
    criteria,
    since,
    { ...describeSnapshotHead(hub), nodes, ...describeSnapshotTail(hub, clock.now()) },
    context,
  );
}

/** Throws `UNKNOWN_METHOD` unless the caller is a session: nothing can be pushed to other callers. */
function subscriptionsOf({ subscriptions }: MethodContext, method: string): Subscriptions {
  if (!subscriptions) throw new SessionError('UNKNOWN_METHOD', method);
  return subscriptions;
}

export const subscriptionMethods = [
  subscribeMethod,
  method({
    name: 'unsubscribe',
    summary: 'End a subscription.',
    params: z.strictObject({ subscription: z.string() }),
    result: z.object({}),
    run: ({ subscription }, context) => {
      subscriptionsOf(context, 'unsubscribe').remove(subscription);
      return {};
    },
  }),
  method({
    name: 'explain',
    summary: 'The facts that explain the status of a node or a delivery, in order.',
    params: z.strictObject({ node: nodeParam.optional(), delivery: z.string().optional() }),
    result: z.object({ facts: z.array(z.string()) }),
    run: ({ node, delivery }, { hub, clock }) => {
      if ((node === undefined) === (delivery === undefined)) {
        throw new SessionError('BAD_PARAMS', 'give exactly one of node and delivery');
      }
      if (node !== undefined) return { facts: explainNode(node, hub) };
      const found = hub.commands.findDelivery(delivery ?? '');
      if (!found) throw new SessionError('DELIVERY_NOT_FOUND', delivery);
      return { facts: explainDelivery(found, clock.now()) };
    },
  }),
] as const;

function readCriteria(params: SubscribeParams, hub: Hub): EventCriteria {
  const { kinds, nodes, opcodes, types, minIntervalMs } = params;
  return {
    minIntervalMs,
    ...(kinds && { kinds: new Set(kinds) }),
    ...(nodes && { nodes: new Set(nodes.map((node) => resolveAddress(node, hub))) }),
    ...(opcodes && { opcodes: new Set(opcodes.map((opcode) => resolveOpcode(opcode, hub))) }),
    ...(types && { types: new Set(types.map((type) => resolveType(type, hub).id)) }),
  };
}

function explainNode(node: number | string, hub: Hub): string[] {
  const { address, name, status } = resolveNode(node, hub);
  return [`${name} is ${status}`, ...(hub.picture.explainNode(address) ?? [])];
}

const STAGE_TEXTS = {
  queued: 'added to the send queue',
  written: 'written to the serial port',
  answered: 'the node sent a matching answer',
  uncertain: 'the root lost half a message, and it may have been this one',
  failed: 'failed',
  accepted: 'accepted by the device',
  progress: 'the last progress',
  completed: 'completed',
  aborted: 'aborted',
} as const;

function explainDelivery(delivery: Delivery, now: number): string[] {
  const { stages, failure, roundTripMs, command, device } = delivery;
  const facts = stages.map(({ stage, at }) => `${secondsAgo(at, now)}: ${stageText(stage, delivery)}`);
  if (command) facts.unshift(`the command ${command.name} for ${device}${argumentsText(command.arguments)}`);
  if (delivery.result !== undefined) facts.push(`result: ${JSON.stringify(delivery.result)}`);
  if (failure === undefined && delivery.detail !== undefined) facts.push(delivery.detail);
  if (failure !== undefined) facts.push(`reason: ${failureText(delivery)} (${failure})`);
  if (roundTripMs !== undefined) facts.push(`${Math.round(roundTripMs)} ms from writing to the answer`);
  if (stages.at(-1)?.stage === 'written') facts.push('no answer yet; a late one is still matched');
  return facts;
}

/** A command is queued at its device, not at the root. */
function stageText(stage: DeliveryStage, { command, progress }: Delivery): string {
  if (stage === 'queued' && command) return 'given to the device';
  if (stage !== 'progress' || !progress) return STAGE_TEXTS[stage];
  const { fraction, text } = progress;
  const parts = [...(fraction === undefined ? [] : [`${Math.round(fraction * 100)} %`]), text ?? []].flat();
  return `${STAGE_TEXTS.progress}: ${parts.join(', ')}`;
}

function argumentsText(values: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  return given.length === 0 ? '' : `, ${given.join(' ')}`;
}

function secondsAgo(at: number, now: number): string {
  return `${Math.max(0, (now - at) / 1000).toFixed(1)} s ago`;
}

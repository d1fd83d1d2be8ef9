import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { ArchiveError } from '../../hub/archive.js';
import type { Delivery, Expectation } from '../../hub/deliveries.js';
import { COMMAND_FAILURES, type Command, type Hub, type Sending } from '../../hub/hub.js';
import { ROOT_ADDRESS } from '../../protocol/address.js';
import { describeDelivery, failureText } from '../describe.js';
import { SessionError } from '../errors.js';
import {
  type MethodContext,
  meshNodeParam,
  method,
  opcodeParam,
  resolveMeshAddress,
  resolveOpcode,
  throwIfFailed,
} from '../method.js';
import { deliveryShape, robotShape } from '../shapes.js';

/** A tracked message is rarely answered later than this. */
const DEFAULT_WAIT_MS = 5000;
const MAX_WAIT_MS = 600_000;
/** Enough that no two pings in flight have the same payload. */
const PING_PAYLOAD_LENGTH = 4;

const hexParam = z.string().regex(/^([0-9a-f]{2})+$/i, { error: 'must be hex bytes' });
const messageParams = {
  text: z.string().min(1).optional().describe('the message as text; give either text or hex'),
  hex: hexParam.optional().describe('the message as hex bytes'),
};
const timeoutMs = z.int().min(1).max(MAX_WAIT_MS).default(DEFAULT_WAIT_MS);
const untilText = 'reply when the delivery reaches this stage, fails, or times out';
const nothing = z.strictObject({});
const MAX_RELEASE_MS = 3_600_000;
const done = z.object({});

export const commandMethods = [
  method({
    name: 'send',
    summary: 'Send a message to one node, or to the root (node 0). Its stages arrive as delivery events.',
    role: 'send',
    params: z.strictObject({
      node: meshNodeParam,
      ...messageParams,
      tracked: z.boolean().default(false).describe('let the root retransmit it, up to 3 times'),
      until: z.enum(['queued', 'written', 'answered']).default('written').describe(untilText),
      timeoutMs,
      answer: z
        .strictObject({ opcode: opcodeParam, hex: hexParam.optional() })
        .optional()
        .describe('the message that counts as the answer (default: an Ack; the root sends none)'),
    }),
    result: deliveryShape,
    run: ({ node, text, hex, tracked, until, timeoutMs, answer }, context) => {
      const message = readMessage(text, hex);
      const to = resolveMeshAddress(node, context.hub);
      const sending: Sending = { kind: 'send', to, message, tracked };
      const expects = readExpectation(answer, to, message, context.hub);
      if (until === 'answered' && !expects) {
        throw new SessionError('BAD_PARAMS', 'answer: required, since the root sends no Ack');
      }
      return send(sending, expects, until, timeoutMs, context);
    },
  }),
  method({
    name: 'broadcast',
    summary: 'Send a message to all nodes.',
    role: 'send',
    params: z.strictObject({
      ...messageParams,
      until: z.enum(['queued', 'written']).default('written').describe(untilText),
      timeoutMs,
    }),
    result: deliveryShape,
    run: ({ text, hex, until, timeoutMs }, context) =>
      send({ kind: 'broadcast', message: readMessage(text, hex) }, undefined, until, timeoutMs, context),
  }),
  method({
    name: 'ping',
    summary: 'Send an Echo to a node and wait for the Ack with the same payload.',
    role: 'send',
    params: z.strictObject({ node: meshNodeParam, timeoutMs }),
    result: z.object({
      node: z.int(),
      answered: z.boolean(),
      roundTripMs: z.number().nullable(),
      delivery: z.string().describe('delivery id; a late answer is still matched'),
      detail: z.string().optional().describe('why the root could not send the Echo; otherwise absent'),
    }),
    run: async ({ node, timeoutMs }, context) => {
      const to = resolveMeshAddress(node, context.hub);
      const payload = randomBytes(PING_PAYLOAD_LENGTH);
      const message = Buffer.concat([Buffer.of(resolveOpcode('Echo', context.hub)), payload]);
      const sending: Sending = { kind: 'send', to, message, tracked: false };
      const expects = expectedAck(message, context.hub);
      const delivery = await attempt(sending, expects, 'answered', timeoutMs, context);
      if (delivery.failure !== 'rejectedByRoot') throwIfFailed(delivery);
      return {
        node: to,
        answered: delivery.stage === 'answered',
        roundTripMs: delivery.roundTripMs ?? null,
        delivery: delivery.id,
        ...(delivery.failure !== undefined && { detail: failureText(delivery) }),
      };
    },
  }),
  method({
    name: 'refresh',
    summary: 'Ask the root for its list of nodes or paths. `fresh` is true if it answered within 2 s.',
    role: 'send',
    params: z.strictObject({ what: z.enum(['nodes', 'paths']).default('nodes') }),
    result: z.object({ fresh: z.boolean() }),
    run: async ({ what }, { hub, owner }) => {
      const kind = what === 'nodes' ? 'refreshNodes' : 'refreshPaths';
      const outcome = await hub.commands.execute({ kind }, owner);
      return { fresh: outcome.ok && outcome.fresh };
    },
  }),
  method({
    name: 'resetRoot',
    summary: 'Restart the root. All nodes are disconnected until they are heard again.',
    role: 'admin',
    params: nothing,
    result: done,
    run: (_params, context) => execute({ kind: 'resetRoot' }, context),
  }),
  method({
    name: 'clean',
    summary: 'Make the root forget its network and restart. All nodes are forgotten.',
    role: 'admin',
    params: z.strictObject({ confirm: z.literal(true, { error: 'must be true: this forgets all nodes' }) }),
    result: done,
    run: (_params, context) => execute({ kind: 'clean' }, context),
  }),
  method({
    name: 'forget',
    summary:
      'Remove a node with its values and alarms. It comes back when it is heard or listed by the root. Its stored history is kept.',
    role: 'admin',
    params: z.strictObject({ node: meshNodeParam }),
    result: z.object({
      node: z.int(),
      stored: z
        .boolean()
        .describe('false if this could not be written to the history: a restart may bring the node back'),
    }),
    run: async ({ node }, { hub }) => {
      const address = resolveMeshAddress(node, hub);
      if (!hub.commands.forget(address)) throw new SessionError('NODE_NOT_FOUND', String(node));
      const stored = await hub.archive.flush().then(
        () => true,
        (error: unknown) => (error instanceof ArchiveError ? false : Promise.reject(error)),
      );
      return { node: address, stored };
    },
  }),
  method({
    name: 'releasePort',
    summary: 'Close the port so that another program can use it; the gateway reopens it after a while.',
    role: 'admin',
    params: z.strictObject({
      forMs: z
        .int()
        .min(1)
        .max(MAX_RELEASE_MS)
        .default(60_000)
        .describe('counted from this call, also if the port is released already'),
    }),
    result: z.object({
      port: z.string().nullable().describe('the port that was open'),
      until: z.number().describe('ms since the epoch, host clock'),
    }),
    run: async ({ forMs }, { hub, clock }) => {
      const port = hub.picture.link().name ?? null;
      await hub.commands.releasePort(forMs);
      return { port, until: clock.now() + forMs };
    },
  }),
  method({
    name: 'takePort',
    summary: 'Reopen a released port early.',
    role: 'admin',
    params: nothing,
    result: done,
    run: (_params, { hub }) => {
      hub.commands.takePort();
      return {};
    },
  }),
  method({
    name: 'log',
    summary: 'Send a log line to all watchers.',
    role: 'send',
    params: z.strictObject({ text: z.string().min(1).max(1000) }),
    result: done,
    run: ({ text }, context) => execute({ kind: 'log', text }, context),
  }),
  method({
    name: 'setRobots',
    summary: 'Publish the list of robots.',
    role: 'send',
    params: z.strictObject({ robots: z.array(robotShape).max(256) }),
    result: done,
    run: ({ robots }, context) => execute({ kind: 'setRobots', robots }, context),
  }),
  method({
    name: 'acknowledge',
    summary: 'Acknowledge an alarm: it is closed when its condition has cleared.',
    role: 'send',
    params: z.strictObject({ id: z.string() }),
    result: done,
    run: ({ id }, { hub }) => {
      if (!hub.alarms.acknowledge(id)) throw new SessionError('ALARM_NOT_FOUND', id);
      return {};
    },
  }),
] as const;

async function execute(command: Command, { hub, owner }: MethodContext): Promise<Record<string, never>> {
  const outcome = await hub.commands.execute(command, owner);
  if (!outcome.ok) throw new SessionError(COMMAND_FAILURES[outcome.reason].code);
  return {};
}

async function send(
  sending: Sending,
  expects: Expectation | undefined,
  until: 'queued' | 'written' | 'answered',
  timeoutMs: number,
  context: MethodContext,
) {
  const delivery = await attempt(sending, expects, until, timeoutMs, context);
  throwIfFailed(delivery);
  return describeDelivery(delivery);
}

/** Resolves with the delivery when it reaches the stage, fails, or times out. */
async function attempt(
  sending: Sending,
  expects: Expectation | undefined,
  until: 'queued' | 'written' | 'answered',
  timeoutMs: number,
  { hub, owner, tag, deliveries }: MethodContext,
): Promise<Delivery> {
  const by = { owner, ...(tag !== undefined && { tag }) };
  const begun = hub.commands.deliver(sending, by, expects);
  return until === 'queued' ? begun : deliveries.wait(begun, until, timeoutMs);
}

function readMessage(text: string | undefined, hex: string | undefined): Buffer {
  if ((text === undefined) === (hex === undefined)) {
    throw new SessionError('BAD_PARAMS', 'give exactly one of text and hex');
  }
  return text === undefined ? Buffer.from(hex ?? '', 'hex') : Buffer.from(text, 'utf8');
}

/** The root sends no Ack: only a message that the caller names can be its answer. */
function readExpectation(
  answer: GivenAnswer | undefined,
  to: number,
  message: Buffer,
  hub: Hub,
): Expectation | undefined {
  if (answer) return expectedAnswer(answer, hub);
  return to === ROOT_ADDRESS ? undefined : expectedAck(message, hub);
}

/** An Ack is empty, or repeats the message after its first byte. */
function expectedAck(message: Buffer, hub: Hub): Expectation {
  return { opcode: resolveOpcode('Ack', hub), payloads: [message.subarray(1), Buffer.alloc(0)] };
}

interface GivenAnswer {
  readonly opcode: number | string;
  readonly hex?: string | undefined;
}

function expectedAnswer({ opcode, hex }: GivenAnswer, hub: Hub): Expectation {
  const code = resolveOpcode(opcode, hub);
  return hex === undefined ? { opcode: code } : { opcode: code, payloads: [Buffer.from(hex, 'hex')] };
}

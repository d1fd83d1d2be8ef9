/**
 * One incoming command: topic `<prefix>/<id>/cmd/<name>`, payload empty or a JSON object with the method's parameters.
 * The answer goes to MQTT 5's response topic (with its correlation data), else to `response` in the payload, else to
 * the gateway's own answer topic for the command.
 *
 * The topic `<prefix>/<id>/cmd/device/<device>/<command>` is the method `command` for one command of a device: its payload
 * has the arguments.
 */
import type { Incoming } from '../../mqtt/broker.js';
import type { Topics } from '../../mqtt/topics.js';

/** Commands that run only if the setting mqtt.commands lists them. */
export const ONLY_BY_NAME: readonly string[] = ['resetRoot', 'clean'];

/** Why the connector refused a command. Each has a line in docs/mqtt.md. */
export const COMMAND_REFUSALS = {
  RETAINED:
    'commands must not be retained, or they would run again at each connection: publish without retain',
  TOO_LARGE: 'command payload too large: the limit is 65,536 bytes',
  TOO_FAST: 'too many commands: the limit is 50 per second, in bursts of up to 200',
  BAD_PAYLOAD: 'the payload must be a JSON object with the parameters, or empty',
  BAD_RESPONSE: 'the response topic or the correlation is not allowed: see docs/mqtt.md',
  NOT_ALLOWED: `unknown command, or not allowed by the gateway’s setting mqtt.commands (${ONLY_BY_NAME.join(' and ')} must be listed there)`,
  ANSWER_TOO_LONG: 'the answer is too long: request less',
} as const;

export type CommandRefusal = keyof typeof COMMAND_REFUSALS;

/** Bytes; the longest list of robots fits. */
const MAX_PAYLOAD = 65_536;
/** Bytes. */
const MAX_RESPONSE_TOPIC = 512;
const MAX_CORRELATION = 256;

export interface ReplyTo {
  readonly topic: string;
  /** Repeated in the answer's payload. */
  readonly correlation?: string | undefined;
  /** Repeated in the answer's MQTT 5 properties. */
  readonly correlationData?: Buffer | undefined;
}

export interface CommandRequest {
  /** As in the topic: `ping`, `device/stage/move`. */
  readonly name: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly replyTo: ReplyTo;
}

export interface RefusedCommand {
  readonly name: string;
  readonly refusal: CommandRefusal;
  readonly replyTo: ReplyTo;
}

/** `discovery`: Home Assistant's prefix; answers must not go there. */
export function readCommand(
  name: string,
  incoming: Incoming,
  topics: Topics,
  discovery: string | undefined,
): CommandRequest | RefusedCommand {
  const own: ReplyTo = { topic: topics.answer(name) };
  const refused = (refusal: CommandRefusal, replyTo = own) => ({ name, refusal, replyTo });
  const mayAnswerAt = (topic: string) => isAnswerTopic(topic, topics, discovery);
  const properties = readProperties(incoming, own);
  if (!mayAnswerAt(properties.topic) || isTooLong(properties)) return refused('BAD_RESPONSE');
  if (incoming.retain) return refused('RETAINED', properties);
  if (incoming.payload.length > MAX_PAYLOAD) return refused('TOO_LARGE', properties);
  const payload = readPayload(incoming.payload);
  if (!payload) return refused('BAD_PAYLOAD', properties);
  const { response, ...params } = payload;
  const replyTo = readResponse(response, properties);
  if (!replyTo || !mayAnswerAt(replyTo.topic) || isTooLong(replyTo))
    return refused('BAD_RESPONSE', properties);
  return { name, ...readCall(name, params), replyTo };
}

const DEVICE_COMMAND = /^device\/([^/]+)\/([^/]+)$/;
/** Of a command to a device: whether it may is decided with the command `command`. */
const COMMAND_METHOD = 'command';

/** The method that a command's topic stands for. */
export function methodOf(name: string): string {
  return DEVICE_COMMAND.test(name) ? COMMAND_METHOD : name;
}

function readCall(
  name: string,
  params: Readonly<Record<string, unknown>>,
): Pick<CommandRequest, 'method' | 'params'> {
  const [, device, command] = DEVICE_COMMAND.exec(name) ?? [];
  if (device === undefined || command === undefined) return { method: name, params };
  return { method: COMMAND_METHOD, params: { device, name: command, arguments: params } };
}

function readProperties({ responseTopic, correlation }: Incoming, own: ReplyTo): ReplyTo {
  return { topic: responseTopic ?? own.topic, correlationData: correlation };
}

/** `{"topic": …, "correlation": …}`, both optional; undefined if it has another shape. */
function readResponse(response: unknown, properties: ReplyTo): ReplyTo | undefined {
  if (response === undefined) return properties;
  if (typeof response !== 'object' || response === null) return undefined;
  const { topic = properties.topic, correlation } = response as Record<string, unknown>;
  if (typeof topic !== 'string') return undefined;
  if (correlation !== undefined && typeof correlation !== 'string') return undefined;
  return { ...properties, topic, correlation };
}

function isTooLong({ topic, correlation = '', correlationData }: ReplyTo): boolean {
  return (
    Buffer.byteLength(topic) > MAX_RESPONSE_TOPIC ||
    Buffer.byteLength(correlation) > MAX_CORRELATION ||
    (correlationData?.length ?? 0) > MAX_CORRELATION
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are not allowed in a topic
const INVALID_TOPIC = /^$|^\$|[+#\u0000]/;

/** An answer must not become a command, or overwrite topics that gateways or Home Assistant read. */
function isAnswerTopic(topic: string, { prefix, answers }: Topics, discovery: string | undefined): boolean {
  if (INVALID_TOPIC.test(topic)) return false;
  if (topic.startsWith(answers)) return true;
  return [prefix, discovery].every(
    (reserved) => reserved === undefined || !`${topic}/`.startsWith(`${reserved}/`),
  );
}

function readPayload(payload: Buffer): Record<string, unknown> | undefined {
  if (payload.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

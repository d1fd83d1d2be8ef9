/**
 * One command as it comes: `<prefix>/<id>/cmd/<name>`, with the method's parameters as a JSON object, or nothing.
 * Where the answer goes: MQTT 5's response topic and correlation data, else `response` in the payload, else the
 * gateway's own answer topic of the command.
 */
import type { Incoming } from '../../mqtt/broker.js';
import type { Topics } from '../../mqtt/topics.js';

/** What is only carried out where the setting mqtt.commands names it. */
export const ONLY_BY_NAME: readonly string[] = ['resetRoot', 'clean'];

/** Why a command was not carried out before anybody looked at what it wants. Each has a line in docs/mqtt.md. */
export const COMMAND_REFUSALS = {
  RETAINED: 'a command must not be retained: it would be carried out at each connection; publish it without',
  TOO_LARGE: 'a command may have 65,536 bytes',
  TOO_FAST: 'too many commands: 50 a second, and 200 at once',
  BAD_PAYLOAD: 'the payload must be a JSON object with the parameters, or empty',
  BAD_RESPONSE: 'the response topic, or the correlation, is not allowed: see docs/mqtt.md',
  NOT_ALLOWED: `the gateway’s setting mqtt.commands does not allow this command, which ${ONLY_BY_NAME.join(' and ')} must be named in; or there is none of this name`,
  ANSWER_TOO_LONG: 'the answer is too long; ask for less',
} as const;

export type CommandRefusal = keyof typeof COMMAND_REFUSALS;

/** Bytes; the longest list of robots fits. */
const MAX_PAYLOAD = 65_536;
/** Bytes of a response topic, and of a correlation. */
const MAX_RESPONSE_TOPIC = 512;
const MAX_CORRELATION = 256;

export interface ReplyTo {
  readonly topic: string;
  /** As the answer's payload repeats it. */
  readonly correlation?: string | undefined;
  /** As the answer's properties repeat it. */
  readonly correlationData?: Buffer | undefined;
}

export interface CommandRequest {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly replyTo: ReplyTo;
}

export interface RefusedCommand {
  readonly name: string;
  readonly refusal: CommandRefusal;
  readonly replyTo: ReplyTo;
}

/** `discovery`: Home Assistant's prefix, where no answer may go either. */
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
  return { name, params, replyTo };
}

function readProperties({ responseTopic, correlation }: Incoming, own: ReplyTo): ReplyTo {
  return { topic: responseTopic ?? own.topic, correlationData: correlation };
}

/** `{"topic": …, "correlation": …}`, both of which may be missing; undefined when it is something else. */
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
const NO_TOPIC = /^$|^\$|[+#\u0000]/;

/** An answer must not be a command of its own, nor overwrite what gateways or Home Assistant read. */
function isAnswerTopic(topic: string, { prefix, answers }: Topics, discovery: string | undefined): boolean {
  if (NO_TOPIC.test(topic)) return false;
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

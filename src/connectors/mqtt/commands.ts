/** Commands over MQTT: the session's methods, each answered at the topic that the request names. */

import { InternalCaller } from '../../api/call.js';
import { describeDelivery } from '../../api/describe.js';
import type { SessionError } from '../../api/errors.js';
import { JsonWriter, wholeText, writeJson } from '../../api/long-reply.js';
import type { GatewayFacts } from '../../api/method.js';
import { methods } from '../../api/methods/index.js';
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { MeshgateError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { RateLimit } from '../../base/rate-limit.js';
import type { Delivery } from '../../hub/deliveries.js';
import type { Hub } from '../../hub/hub.js';
import type { Incoming, Publication } from '../../mqtt/broker.js';
import type { Topics } from '../../mqtt/topics.js';
import {
  COMMAND_REFUSALS,
  type CommandRefusal,
  type CommandRequest,
  methodOf,
  ONLY_BY_NAME,
  type ReplyTo,
  readCommand,
} from './command-request.js';
import { Duplicates } from './duplicates.js';
import { OWN_COMMANDS } from './own-commands.js';

/** The sender's name in the hub and in the audit log. */
const OWNER = 'mqtt';
/** Not needed here: events are published as topics. */
const EXCLUDED: readonly string[] = ['subscribe', 'unsubscribe'];
/** Characters. */
const MAX_ANSWER_LENGTH = 67_000_000;
const RATE = { atOnce: 200, perSecond: 50 };

const REFUSALS = Object.keys(COMMAND_REFUSALS) as CommandRefusal[];
const ALL: readonly string[] = [
  ...methods.map(({ name }) => name).filter((name) => !EXCLUDED.includes(name)),
  ...OWN_COMMANDS.keys(),
];

/** The commands that the setting allows. Throws `BAD_CONFIG` for an unknown one. */
export function allowedCommands(names: readonly string[] | undefined): ReadonlySet<string> {
  const unknown = names?.find((name) => !ALL.includes(name));
  if (unknown !== undefined) {
    throw new MeshgateError(
      'BAD_CONFIG',
      `mqtt.commands: unknown command "${unknown}"; available: ${ALL.join(', ')}`,
    );
  }
  return new Set(names ?? ALL.filter((name) => !ONLY_BY_NAME.includes(name)));
}

export interface CommandsOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  readonly topics: Topics;
  readonly allowed: ReadonlySet<string>;
  readonly discoveryPrefix: string | undefined;
  readonly answer: (publication: Publication) => void;
}

/** The parts of a command that its answers need. */
type PendingAnswer = Pick<CommandRequest, 'name' | 'replyTo'>;

export class Commands {
  readonly #options: CommandsOptions;
  readonly #caller: InternalCaller;
  readonly #duplicates: Duplicates;
  readonly #rate: RateLimit;
  readonly #counts = new Counters(['received', 'carriedOut', 'duplicate']);
  readonly #refusals = new Counters<CommandRefusal>(REFUSALS);
  #isClosed = false;

  constructor(options: CommandsOptions) {
    const { hub, gateway, clock, log } = options;
    this.#options = options;
    this.#duplicates = new Duplicates(clock);
    this.#rate = new RateLimit(clock, RATE);
    this.#caller = new InternalCaller({ hub, gateway, clock, log, name: OWNER, role: 'admin' });
  }

  counters() {
    return { ...this.#counts.snapshot(), refused: this.#refusals.snapshot() };
  }

  close(): void {
    this.#isClosed = true;
    this.#caller.close();
  }

  /** Returns false when the message is not a command. */
  take(incoming: Incoming): boolean {
    const { topics, discoveryPrefix } = this.#options;
    const name = topics.commandIn(incoming.topic);
    if (name === undefined) return false;
    if (this.#isClosed) return true;
    this.#counts.add('received');
    const command = readCommand(name, incoming, topics, discoveryPrefix);
    if ('refusal' in command) this.#refuse(command, command.refusal);
    else if (!this.#rate.take()) this.#refuse(command, 'TOO_FAST');
    else if (!this.#options.allowed.has(methodOf(name))) this.#refuse(command, 'NOT_ALLOWED');
    else if (this.#duplicates.isDuplicate(incoming, command.replyTo.correlation))
      this.#counts.add('duplicate');
    else this.#carryOut(command);
    return true;
  }

  /** Each stage of a delivery is published as an answer to the command that started it. */
  onDelivery(delivery: Delivery): void {
    const { owner, tag } = delivery;
    if (owner !== OWNER || tag === undefined) return;
    this.#answer(readTag(tag), { delivery: describeDelivery(delivery) });
  }

  #carryOut({ name, method, params, replyTo }: CommandRequest): void {
    this.#counts.add('carriedOut');
    const own = OWN_COMMANDS.get(name);
    if (own) this.#answer({ name, replyTo }, own(params, this.#options.hub, this.#options.clock.now()));
    else this.#call(method, params, { name, replyTo });
  }

  #call(method: string, params: CommandRequest['params'], pending: PendingAnswer): void {
    this.#caller.call({ name: method, params, tag: writeTag(pending) }, (outcome) => {
      try {
        this.#answer(pending, outcome.error ? refused(outcome.error) : { result: outcome.result });
      } catch (error) {
        this.#answer(pending, refused(this.#caller.refusalOf(error, method)));
      }
    });
  }

  #refuse(pending: PendingAnswer, refusal: CommandRefusal): void {
    this.#refusals.add(refusal);
    this.#options.log.warn(
      `refused ${refusal}`,
      `refused the command ${pending.name.slice(0, 64)}: ${COMMAND_REFUSALS[refusal]}`,
    );
    this.#answer(pending, failure(refusal, COMMAND_REFUSALS[refusal]));
  }

  #answer({ name, replyTo }: PendingAnswer, content: object): void {
    if (this.#isClosed) return;
    const payload = this.#payload(name, replyTo, content);
    if (payload.length <= MAX_ANSWER_LENGTH) {
      this.#options.answer(answerTo(replyTo, payload));
      return;
    }
    this.#refusals.add('ANSWER_TOO_LONG');
    const tooLong = failure('ANSWER_TOO_LONG', COMMAND_REFUSALS.ANSWER_TOO_LONG);
    this.#options.answer(answerTo(replyTo, this.#payload(name, replyTo, tooLong)));
  }

  #payload(command: string, { correlation }: ReplyTo, content: object): string {
    const at = this.#options.clock.now();
    return jsonOf({ at, command, ...(correlation !== undefined && { correlation }), ...content });
  }
}

/** Also expands the long lists inside. */
function jsonOf(content: object): string {
  const writer = new JsonWriter();
  const work = writeJson(content, writer);
  while (!work.next().done);
  return wholeText(writer.finish());
}

/** Stored with the delivery and holds what its answers need, so that nothing is kept here. */
function writeTag({ name, replyTo: { topic, correlation, correlationData } }: PendingAnswer): string {
  return JSON.stringify([name, topic, correlation ?? null, correlationData?.toString('base64') ?? null]);
}

function readTag(tag: string): PendingAnswer {
  const [name, topic, correlation, data] = JSON.parse(tag) as [string, string, string | null, string | null];
  const correlationData = data === null ? undefined : Buffer.from(data, 'base64');
  return { name, replyTo: { topic, correlation: correlation ?? undefined, correlationData } };
}

function answerTo({ topic, correlationData }: ReplyTo, payload: string): Publication {
  return { topic, payload, retain: false, correlation: correlationData };
}

function failure(code: string, message: string) {
  return { error: { code, message } };
}

function refused({ code, message }: SessionError) {
  return failure(code, message);
}

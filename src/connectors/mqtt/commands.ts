/** Commands that come over MQTT: the session's methods, each answered where it says. */

import { ClientTally } from '../../api/client-tally.js';
import { describeDelivery } from '../../api/describe.js';
import { wholeText } from '../../api/long-reply.js';
import type { GatewayFacts } from '../../api/method.js';
import { methods } from '../../api/methods/index.js';
import { Session } from '../../api/session.js';
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
  ONLY_BY_NAME,
  type ReplyTo,
  readCommand,
} from './command-request.js';
import { Duplicates } from './duplicates.js';
import { OWN_COMMANDS } from './own-commands.js';

/** Events come by topics, whoever subscribes to them. */
const NOT_HERE: readonly string[] = ['subscribe', 'unsubscribe'];
/** Deliveries whose stages are still told. */
const MAX_DELIVERIES = 1000;
/** Characters of an answer. */
const MAX_ANSWER = 67_000_000;
const RATE = { atOnce: 200, perSecond: 50 };

const REFUSALS = Object.keys(COMMAND_REFUSALS) as CommandRefusal[];
const ALL: readonly string[] = [
  ...methods.map(({ name }) => name).filter((name) => !NOT_HERE.includes(name)),
  ...OWN_COMMANDS.keys(),
];

/** The commands that a setting allows. Throws `BAD_CONFIG` for one that there is not. */
export function allowedCommands(names: readonly string[] | undefined): ReadonlySet<string> {
  const unknown = names?.find((name) => !ALL.includes(name));
  if (unknown !== undefined) {
    throw new MeshgateError(
      'BAD_CONFIG',
      `mqtt.commands: there is no command "${unknown}"; there are ${ALL.join(', ')}`,
    );
  }
  return new Set(names ?? ALL.filter((name) => !ONLY_BY_NAME.includes(name)));
}

export interface CommandsParts {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  readonly topics: Topics;
  readonly allowed: ReadonlySet<string>;
  readonly discoveryPrefix: string | undefined;
  readonly answer: (publication: Publication) => void;
}

/** What is awaited of a command. */
type Asked = Pick<CommandRequest, 'name' | 'replyTo'>;

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly data: { readonly code: string } };
}

export class Commands {
  readonly #parts: CommandsParts;
  readonly #session: Session;
  readonly #duplicates: Duplicates;
  readonly #rate: RateLimit;
  readonly #counts = new Counters(['received', 'carriedOut', 'duplicate']);
  readonly #refusals = new Counters<CommandRefusal>(REFUSALS);
  readonly #asked = new Map<number, Asked>();
  /** Whose stages are told, by delivery. */
  readonly #deliveries = new Map<string, Asked>();
  #lastId = 0;
  #isClosed = false;
  /** The command that is being handed to the session. */
  #current: Asked | undefined;

  constructor(parts: CommandsParts) {
    this.#parts = parts;
    const { hub, gateway, clock, log } = parts;
    this.#duplicates = new Duplicates(clock);
    this.#rate = new RateLimit(clock, RATE);
    this.#session = new Session({
      hub,
      gateway,
      clock,
      log,
      name: 'mqtt',
      via: 'mqtt',
      role: 'admin',
      tally: new ClientTally(),
      send: (text) => this.#onReply(JSON.parse(wholeText(text))),
      isBehind: () => false,
    });
  }

  counters() {
    return { ...this.#counts.snapshot(), refused: this.#refusals.snapshot() };
  }

  close(): void {
    this.#isClosed = true;
    this.#session.close();
  }

  /** False when it is no command. */
  take(incoming: Incoming): boolean {
    const { topics, discoveryPrefix } = this.#parts;
    const name = topics.commandIn(incoming.topic);
    if (name === undefined) return false;
    if (this.#isClosed) return true;
    this.#counts.add('received');
    const command = readCommand(name, incoming, topics, discoveryPrefix);
    if ('refusal' in command) this.#refuse(command, command.refusal);
    else if (!this.#rate.take()) this.#refuse(command, 'TOO_FAST');
    else if (!this.#parts.allowed.has(name)) this.#refuse(command, 'NOT_ALLOWED');
    else if (this.#duplicates.isDuplicate(incoming, command.replyTo.correlation))
      this.#counts.add('duplicate');
    else this.#carryOut(command);
    return true;
  }

  /** A delivery has come on: whoever began it is told. */
  onDelivery(delivery: Delivery): void {
    if (this.#current && delivery.stage === 'queued') this.#follow(delivery.id, this.#current);
    const asked = this.#deliveries.get(delivery.id);
    if (!asked) return;
    this.#answer(asked, { delivery: describeDelivery(delivery) });
    if (delivery.stage === 'answered' || delivery.stage === 'failed') this.#deliveries.delete(delivery.id);
  }

  #carryOut({ name, params, replyTo }: CommandRequest): void {
    this.#counts.add('carriedOut');
    const asked = { name, replyTo };
    const own = OWN_COMMANDS.get(name);
    if (own) {
      this.#answer(asked, own(params, this.#parts.hub, this.#parts.clock.now()));
      return;
    }
    const id = ++this.#lastId;
    this.#asked.set(id, asked);
    this.#current = asked;
    this.#session.receive(JSON.stringify({ jsonrpc: '2.0', id, method: name, params }));
    this.#current = undefined;
  }

  #onReply({ id, result, error }: Reply): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (!asked) return;
    this.#answer(asked, error ? failure(error.data.code, error.message) : { result });
  }

  #follow(delivery: string, asked: Asked): void {
    this.#deliveries.set(delivery, asked);
    if (this.#deliveries.size <= MAX_DELIVERIES) return;
    const [oldest] = this.#deliveries.keys();
    if (oldest !== undefined) this.#deliveries.delete(oldest);
  }

  #refuse(asked: Asked, refusal: CommandRefusal): void {
    this.#refusals.add(refusal);
    this.#parts.log.warn(
      `refused ${refusal}`,
      `refused the command ${asked.name.slice(0, 64)}: ${COMMAND_REFUSALS[refusal]}`,
    );
    this.#answer(asked, failure(refusal, COMMAND_REFUSALS[refusal]));
  }

  #answer({ name, replyTo }: Asked, content: object): void {
    const payload = this.#payload(name, replyTo, content);
    if (payload.length <= MAX_ANSWER) {
      this.#parts.answer(answerTo(replyTo, payload));
      return;
    }
    this.#refusals.add('ANSWER_TOO_LONG');
    const tooLong = failure('ANSWER_TOO_LONG', COMMAND_REFUSALS.ANSWER_TOO_LONG);
    this.#parts.answer(answerTo(replyTo, this.#payload(name, replyTo, tooLong)));
  }

  #payload(command: string, { correlation }: ReplyTo, content: object): string {
    const at = this.#parts.clock.now();
    return JSON.stringify({ at, command, ...(correlation !== undefined && { correlation }), ...content });
  }
}

function answerTo({ topic, correlationData }: ReplyTo, payload: string): Publication {
  return { topic, payload, retain: false, correlation: correlationData };
}

function failure(code: string, message: string) {
  return { error: { code, message } };
}

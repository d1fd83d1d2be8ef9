/** Commands to one gateway over the broker, each matched with its answer. */
import { systemClock } from '../base/clock.js';
import type { Incoming } from '../mqtt/broker.js';
import type { Topics } from '../mqtt/topics.js';
import { type Broker, readPayload } from './broker.js';
import { Refusal } from './refusal.js';

/** What a gateway takes for an answer beside what the command itself waits for. */
const ANSWER_TIMEOUT_MS = 15_000;
/** A gateway takes 50 commands a second from all who ask: one that came too fast was not carried out. */
const TOO_FAST_PAUSE_MS = 100;

export type Call = (name: string, params: Readonly<Record<string, unknown>>) => Promise<unknown>;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Refusal): void;
}

interface Answer {
  readonly correlation?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

export class CommandCaller {
  readonly #topics: Topics;
  readonly #broker: Broker;
  readonly #pending = new Map<string, Pending>();
  #release: () => void = () => {};
  #isClosed = false;

  private constructor(topics: Topics, broker: Broker) {
    this.#topics = topics;
    this.#broker = broker;
  }

  /** Rejects with `NO_BROKER`. */
  static async open(topics: Topics, broker: Broker): Promise<CommandCaller> {
    const caller = new CommandCaller(topics, broker);
    caller.#release = await broker.subscribe(caller.#answerTopic, (message) => caller.#onAnswer(message));
    return caller;
  }

  /** Rejects with a `Refusal`. */
  async call(name: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const patience = ANSWER_TIMEOUT_MS + (typeof params.timeoutMs === 'number' ? params.timeoutMs : 0);
    const end = performance.now() + patience;
    for (;;) {
      try {
        return await this.#ask(name, params, Math.max(1, end - performance.now()));
      } catch (error) {
        const isTooFast = error instanceof Refusal && error.code === 'TOO_FAST';
        if (!isTooFast || performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, TOO_FAST_PAUSE_MS));
      }
    }
  }

  /** Calls that wait stay unanswered: their channel is over. */
  close(): void {
    this.#isClosed = true;
    this.#release();
    for (const { reject } of this.#pending.values()) reject(new Refusal('CLOSED', 'the channel is closed'));
    this.#pending.clear();
  }

  get #answerTopic(): string {
    return `${this.#topics.answers}${this.#broker.name}`;
  }

  #ask(name: string, params: Readonly<Record<string, unknown>>, timeoutMs: number): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new Refusal('CLOSED', 'the channel is closed'));
    const correlation = this.#broker.nextCorrelation();
    const answer = new Promise<unknown>((resolve, reject) => {
      const cancelTimer = systemClock.after(timeoutMs, () => settle(() => reject(noAnswer())));
      const settle = (run: () => void) => {
        cancelTimer();
        this.#pending.delete(correlation);
        run();
      };
      this.#pending.set(correlation, {
        resolve: (result) => settle(() => resolve(result)),
        reject: (error) => settle(() => reject(error)),
      });
    });
    const topic = this.#topics.command(name);
    this.#broker.ask({ topic, payload: params, answerTopic: this.#answerTopic, correlation });
    return answer;
  }

  /** Stages of a delivery come as answers too; they come as events as well. */
  #onAnswer({ payload, correlation }: Incoming): void {
    const answer = readPayload(payload) as Answer | undefined;
    if (!answer) return;
    const pending = this.#pending.get(correlation?.toString('utf8') ?? answer.correlation ?? '');
    if (answer.error) pending?.reject(new Refusal(answer.error.code, answer.error.message));
    else if (answer.result !== undefined) pending?.resolve(answer.result);
  }
}

function noAnswer(): Refusal {
  return new Refusal(
    'NO_ANSWER',
    'the gateway did not answer over the broker in time; whether the request was carried out is not known',
  );
}

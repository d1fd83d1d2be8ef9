/** Sends commands to one gateway over the broker and matches each with its answer. */
import { systemClock } from '../base/clock.js';
import type { Incoming } from '../mqtt/broker.js';
import type { Topics } from '../mqtt/topics.js';
import { type Broker, readPayload } from './broker.js';
import { Refusal } from './refusal.js';

/** Time for an answer, in addition to the time that the command itself may take. */
const ANSWER_TIMEOUT_MS = 15_000;
/** Delay before a command refused as TOO_FAST is sent again: a gateway accepts 50 a second from all clients. */
const TOO_FAST_RETRY_MS = 100;

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
    const timeoutMs = ANSWER_TIMEOUT_MS + (typeof params.timeoutMs === 'number' ? params.timeoutMs : 0);
    const end = performance.now() + timeoutMs;
    for (;;) {
      try {
        return await this.#request(name, params, Math.max(1, end - performance.now()));
      } catch (error) {
        const isTooFast = error instanceof Refusal && error.code === 'TOO_FAST';
        if (!isTooFast || performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, TOO_FAST_RETRY_MS));
      }
    }
  }

  /** Rejects all pending calls. */
  close(): void {
    this.#isClosed = true;
    this.#release();
    for (const { reject } of this.#pending.values()) reject(new Refusal('CLOSED', 'the channel is closed'));
    this.#pending.clear();
  }

  get #answerTopic(): string {
    return `${this.#topics.answers}${this.#broker.name}`;
  }

  #request(name: string, params: Readonly<Record<string, unknown>>, timeoutMs: number): Promise<unknown> {
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
    this.#broker.request({ topic, payload: params, answerTopic: this.#answerTopic, correlation });
    return answer;
  }

  /** Stages of a delivery, which are answers too, are ignored: they also come as events. */
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
    'the gateway did not answer over the broker in time; the request may or may not have been carried out',
  );
}

import type {
  BrokerDownReason,
  BrokerHandlers,
  BrokerLimits,
  BrokerOptions,
  Incoming,
  OpenBroker,
  Publication,
} from '../../src/mqtt/broker.js';

interface Attempt {
  readonly options: BrokerOptions;
  readonly handlers: BrokerHandlers;
  isConnected: boolean;
  isOver: boolean;
  saidGoodbye: boolean;
}

interface Waiting {
  readonly publication: Publication;
  readonly onDone: (refusal?: string) => void;
}

/** A broker without a network: it accepts everything, unless the test says otherwise. */
export class FakeBroker {
  readonly attempts: Attempt[] = [];
  /** Everything accepted, in order. */
  readonly taken: Publication[] = [];
  readonly retained = new Map<string, string>();
  readonly subscribed = new Set<string>();
  limits: BrokerLimits = { receiveMaximum: 0xffff, maximumPacketSize: Number.POSITIVE_INFINITY };
  /** Why it refuses connections; `silent`: it does not answer at all. */
  refusal: BrokerDownReason | 'silent' | undefined;
  /** Why it rejects a topic. */
  refuses: (topic: string) => string | undefined = () => undefined;
  /** Topics that no client may read. */
  unreadable: readonly string[] = [];
  answersSubscriptions = true;
  #holds = false;
  #waiting: Waiting[] = [];

  readonly open: OpenBroker = (options, handlers) => {
    const attempt: Attempt = { options, handlers, isConnected: false, isOver: false, saidGoodbye: false };
    this.attempts.push(attempt);
    queueMicrotask(() => this.#answer(attempt));
    return {
      publish: (publication, onDone) => this.#take(attempt, publication, onDone),
      subscribe: (topics, onDone) => this.#subscribe(attempt, topics, onDone),
      unsubscribe: (topics) => {
        for (const topic of topics) this.subscribed.delete(topic);
      },
      end: async () => {
        attempt.saidGoodbye = true;
        attempt.isOver = true;
      },
      drop: () => {
        attempt.isOver = true;
      },
    };
  };

  get latest(): Attempt {
    const attempt = this.attempts.at(-1);
    if (!attempt) throw new Error('nothing has tried to connect');
    return attempt;
  }

  /** From now on nothing is acknowledged. */
  hold(): void {
    this.#holds = true;
  }

  /** Acknowledges what waits, and what comes. */
  release(): void {
    this.#holds = false;
    for (const waiting of this.#waiting.splice(0)) this.#acknowledge(waiting);
  }

  /** Acknowledges the oldest waiting publications. */
  acknowledge(amount: number): void {
    for (const waiting of this.#waiting.splice(0, amount)) this.#acknowledge(waiting);
  }

  get waiting(): readonly Publication[] {
    return this.#waiting.map(({ publication }) => publication);
  }

  /** The connection breaks: the broker publishes the will, unless another client has taken it over. */
  lose(reason: BrokerDownReason = 'closed', detail = ''): void {
    const attempt = this.latest;
    if (attempt.isOver) return;
    attempt.isOver = true;
    const { will } = attempt.options;
    if (will) this.retained.set(will.topic, will.payload);
    this.#waiting = [];
    this.subscribed.clear();
    attempt.handlers.onDown(reason, detail);
  }

  /** Another client publishes; messages lost in a restart stay lost. */
  deliver(topic: string, payload: string | object, more: Partial<Incoming> = {}): void {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    this.latest.handlers.onMessage({
      topic,
      payload: Buffer.from(text),
      retain: false,
      dup: false,
      ...more,
    });
  }

  /** Payloads received at a topic, parsed. */
  at(topic: string): Record<string, unknown>[] {
    return this.taken
      .filter((entry) => entry.topic === topic)
      .map(({ payload }) => JSON.parse(String(payload) || 'null'));
  }

  /** Those below a topic. */
  below(topic: string): Record<string, unknown>[] {
    const below = this.taken.filter((entry) => entry.topic.startsWith(`${topic}/`));
    return below.map(({ payload }) => JSON.parse(String(payload) || 'null'));
  }

  /** What is retained at a topic, parsed. */
  kept(topic: string): Record<string, unknown> | undefined {
    const payload = this.retained.get(topic);
    return payload === undefined ? undefined : JSON.parse(payload);
  }

  #answer(attempt: Attempt): void {
    if (attempt.isOver || this.refusal === 'silent') return;
    if (this.refusal === undefined) {
      attempt.isConnected = true;
      attempt.handlers.onConnected(this.limits);
      return;
    }
    attempt.isOver = true;
    attempt.handlers.onDown(this.refusal, 'says the broker');
  }

  #take(attempt: Attempt, publication: Publication, onDone: Waiting['onDone']): void {
    if (attempt.isOver) return;
    const waiting = { publication, onDone };
    if (this.#holds) this.#waiting.push(waiting);
    else queueMicrotask(() => attempt.isOver || this.#acknowledge(waiting));
  }

  #acknowledge({ publication, onDone }: Waiting): void {
    const refusal = this.refuses(publication.topic);
    if (refusal === undefined) {
      this.taken.push(publication);
      if (publication.retain && publication.payload.length === 0) this.retained.delete(publication.topic);
      else if (publication.retain) this.retained.set(publication.topic, String(publication.payload));
    }
    onDone(refusal);
  }

  #subscribe(
    attempt: Attempt,
    topics: readonly string[],
    onDone: (refused: readonly string[]) => void,
  ): void {
    const retained = [...this.retained];
    for (const topic of topics) this.subscribed.add(topic);
    queueMicrotask(() => {
      if (attempt.isOver || !this.answersSubscriptions) return;
      onDone(topics.filter((topic) => this.unreadable.includes(topic)));
      for (const [topic, payload] of retained) {
        if (topics.some((filter) => matches(filter, topic))) this.deliver(topic, payload, { retain: true });
      }
    });
  }
}

function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const wanted = filter.split('/');
  return (
    levels.length === wanted.length &&
    wanted.every((level, index) => level === '+' || level === levels[index])
  );
}

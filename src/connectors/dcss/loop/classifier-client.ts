/** The classifier of pictures of loops: a few requests at once, the others wait. */
import { type CancelTimer, type Clock, every } from '../../../base/clock.js';
import { Counters } from '../../../base/counters.js';
import type { Log } from '../../../base/log.js';
import {
  type LoopInfo,
  type LoopSettings,
  predictionRequest,
  readPrediction,
} from '../../../codecs/dcss/loop.js';
import { boundedFetch, FETCH_FAILURES } from './bounded-fetch.js';

export const CLASSIFIER_FAILURES = [
  ...FETCH_FAILURES,
  'notJson',
  'noPrediction',
  'wrongKey',
  'queueFull',
] as const;
export type ClassifierFailure = (typeof CLASSIFIER_FAILURES)[number];

export type Classified = { readonly info: LoopInfo } | { readonly failure: ClassifierFailure };

export interface ClassifierOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** `http://HOST:PORT`. */
  readonly url: string;
  readonly settings: LoopSettings;
}

const AT_ONCE = 4;
const TIMEOUT_MS = 30_000;
const MAX_ANSWER = 1_048_576;
/** Images that wait, in bytes. */
const MAX_WAITING_BYTES = 67_108_864;
const ALIVE_EVERY_MS = 30_000;
const ALIVE_TIMEOUT_MS = 10_000;
const MODEL = '/v1/models/default';

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

export class ClassifierClient {
  readonly #options: ClassifierOptions;
  readonly #failures = new Counters<ClassifierFailure>(CLASSIFIER_FAILURES);
  #queue: Waiting[] = [];
  #waitingBytes = 0;
  #underWay = 0;
  #answers = 0;
  #isAlive: boolean | undefined;
  #cancelChecks: CancelTimer = () => {};

  constructor(options: ClassifierOptions) {
    this.#options = options;
  }

  counters() {
    const state = { underWay: this.#underWay, waiting: this.#queue.length, isAlive: this.#isAlive ?? null };
    return { ...state, answers: this.#answers, failures: this.#failures.snapshot() };
  }

  start(): void {
    this.#cancelChecks = every(this.#options.clock, ALIVE_EVERY_MS, () => void this.#check());
  }

  stop(): void {
    this.#cancelChecks();
    this.#queue = [];
  }

  /** Never rejects. `key` comes back with the answer. */
  async classify(image: Buffer, key: string, signal: AbortSignal): Promise<Classified> {
    const hasTurn = await this.#turn(image.length);
    if (!hasTurn) return this.#fail('queueFull', `${this.#queue.length} images are waiting`);
    try {
      return await this.#ask(image, key, signal);
    } finally {
      this.#underWay--;
      this.#next();
    }
  }

  /** Resolves with false if too much is waiting. */
  #turn(bytes: number): Promise<boolean> {
    if (this.#underWay < AT_ONCE) {
      this.#underWay++;
      return Promise.resolve(true);
    }
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) return Promise.resolve(false);
    this.#waitingBytes += bytes;
    return new Promise((resolve) => this.#queue.push({ bytes, start: () => resolve(true) }));
  }

  #next(): void {
    const next = this.#queue.shift();
    if (!next) return;
    this.#waitingBytes -= next.bytes;
    this.#underWay++;
    next.start();
  }

  async #ask(image: Buffer, key: string, signal: AbortSignal): Promise<Classified> {
    const { clock, url, settings } = this.#options;
    const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER, signal };
    const request = { url: `${url}${MODEL}:predict`, body: predictionRequest(image, key), ...limits };
    const outcome = await boundedFetch(request, clock);
    if ('failure' in outcome) return this.#fail(outcome.failure, outcome.detail);
    const answer = parse(outcome.bytes);
    const prediction = readPrediction(answer, settings);
    if (answer === undefined) return this.#fail('notJson', 'an answer that is not JSON');
    if (!prediction) return this.#fail('noPrediction', 'an answer without a prediction');
    if (prediction.key !== undefined && prediction.key !== key)
      return this.#fail('wrongKey', 'an answer to another request');
    this.#answers++;
    return { info: prediction.info };
  }

  #fail(failure: ClassifierFailure, detail: string): Classified {
    this.#failures.add(failure);
    if (failure !== 'cancelled') this.#options.log.warn(`classifier ${failure}`, `the classifier: ${detail}`);
    return { failure };
  }

  async #check(): Promise<void> {
    const { url, clock, log } = this.#options;
    const request = { url: `${url}${MODEL}`, timeoutMs: ALIVE_TIMEOUT_MS, maxBytes: MAX_ANSWER };
    const outcome = await boundedFetch(request, clock);
    const isAlive = 'bytes' in outcome;
    if (isAlive !== (this.#isAlive ?? true))
      log.info(`the classifier at ${url} ${isAlive ? 'answers' : 'does not answer'}`, `alive ${isAlive}`);
    this.#isAlive = isAlive;
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

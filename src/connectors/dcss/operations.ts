/**
 * Operations that DCSS has started. Each is completed exactly once, with a reason; none outlives its connection, and no
 * handle is completed on another one.
 */
import type { CancelTimer, Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { errorStack, errorText } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { OperationStatus } from '../../codecs/dcss/from-hardware.js';
import { MAX_TOKEN, packWords, tokensOf, wordsOf } from '../../codecs/dcss/text.js';
import type { Speaker } from './say.js';

export interface OperationRun {
  readonly name: string;
  /** As it came: `1.4`. */
  readonly handle: string;
  readonly arguments: readonly string[];
  /** Aborts when DCSS stops it, aborts everything, or is gone. */
  readonly signal: AbortSignal;
  /** Calls after the end have no effect. A text that does not fit into one message becomes several. */
  update(text: string): void;
  /** A long text comes as updates, and its end with the completion. */
  complete(status: OperationStatus, text?: string): void;
}

/** Carries out an operation; it may end it at any time. */
export type Operation = (run: OperationRun) => void | Promise<void>;

export interface OperationsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly speaker: Speaker;
  readonly find: (name: string) => Operation | undefined;
}

const MAX_RUNNING = 256;
/** For an operation to end itself when it is stopped. */
const STOP_MS = 5000;
const COUNTS = [
  'started',
  'unknown',
  'tooMany',
  'repeatedHandles',
  'longHandles',
  'forgotten',
  'normal',
  'error',
  'failed',
  'aborted',
] as const;

interface Running {
  readonly run: OperationRun;
  readonly ended: AbortController;
  cancelStop: CancelTimer;
}

export class Operations {
  readonly #options: OperationsOptions;
  /** By name and handle. */
  readonly #running = new Map<string, Running>();
  readonly #counts = new Counters(COUNTS);

  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  counters() {
    return { running: this.#running.size, ...this.#counts.snapshot() };
  }

  start(name: string, handle: string, text: string): void {
    if (this.#running.has(keyOf(name, handle))) {
      this.#counts.add('repeatedHandles');
      return;
    }
    if (handle.length > MAX_TOKEN) {
      this.#counts.add('longHandles');
      return;
    }
    const operation = this.#options.find(name);
    if (!operation || this.#running.size >= MAX_RUNNING) {
      this.#counts.add(operation ? 'tooMany' : 'unknown');
      this.#say(name, handle, 'error', operation ? 'too_many_operations' : 'unknown_operation');
      return;
    }
    this.#counts.add('started');
    this.#carryOut(operation, this.#open(name, handle, tokensOf(text)));
  }

  stop(name: string): void {
    for (const [key, running] of [...this.#running]) if (running.run.name === name) this.#stop(key, running);
  }

  /** DCSS has aborted everything. */
  abortAll(): void {
    for (const { run } of [...this.#running.values()]) run.complete('aborted', 'abort_all');
  }

  /** DCSS is gone: returns the operations that nobody waits for any more. */
  forgetAll(): string[] {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const { ended, cancelStop } of running) {
      cancelStop();
      ended.abort();
      this.#counts.add('forgotten');
    }
    return running.map(({ run }) => `${run.name} ${run.handle}`);
  }

  #open(name: string, handle: string, given: readonly string[]): OperationRun {
    const ended = new AbortController();
    const key = keyOf(name, handle);
    const run: OperationRun = {
      name,
      handle,
      arguments: given,
      signal: ended.signal,
      update: (text) => {
        if (this.#running.get(key)?.run === run) this.#update(run, text);
      },
      complete: (status, text = '') => {
        if (this.#running.get(key)?.run === run) this.#complete(key, status, text);
      },
    };
    this.#running.set(key, { run, ended, cancelStop: () => {} });
    return run;
  }

  /** A mistake in one ends it, and nothing else. */
  #carryOut(operation: Operation, run: OperationRun): void {
    const fail = (error: unknown) => {
      this.#options.log.error('internal error', `${run.name}: ${errorStack(error)}`);
      run.complete('error', `internal_error ${errorText(error)}`);
    };
    try {
      operation(run)?.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  #stop(key: string, running: Running): void {
    if (running.ended.signal.aborted) return;
    running.cancelStop = this.#options.clock.after(STOP_MS, () => this.#complete(key, 'aborted', 'stopped'));
    running.ended.abort();
  }

  #update({ name, handle }: OperationRun, text: string): void {
    for (const part of this.#parts(text, `htos_operation_update ${name} ${handle} `))
      this.#options.speaker.say({ name: 'htos_operation_update', device: name, handle, text: part });
  }

  #complete(key: string, status: OperationStatus, text: string): void {
    const running = this.#running.get(key);
    if (!running) return;
    this.#running.delete(key);
    running.cancelStop();
    const { name, handle } = running.run;
    const parts = this.#parts(text, `htos_operation_completed ${name} ${handle} ${status} `);
    for (const part of parts.slice(0, -1))
      this.#options.speaker.say({ name: 'htos_operation_update', device: name, handle, text: part });
    // DCSS reads on where a trailing word is missing.
    this.#say(name, handle, status, parts.at(-1) ?? 'done');
    if (!running.ended.signal.aborted) running.ended.abort();
  }

  #say(device: string, handle: string, status: OperationStatus, text: string): void {
    this.#counts.add(status);
    this.#options.speaker.say({ name: 'htos_operation_completed', device, handle, status, text });
  }

  #parts(text: string, head: string): string[] {
    return packWords(wordsOf(text), Math.max(MAX_TOKEN, this.#options.speaker.room - head.length));
  }
}

function keyOf(name: string, handle: string): string {
  return `${name} ${handle}`;
}

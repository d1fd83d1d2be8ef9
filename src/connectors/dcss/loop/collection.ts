/** One collection: images from the camera's receiver, each to the classifier, each answer an update. */
import type { Log } from '../../../base/log.js';
import type { LoopInfo } from '../../../codecs/dcss/loop.js';
import { CAMERA_ID } from '../../../config/sections/dcss.js';
import type { Delivery } from '../../../hub/deliveries.js';
import type { DeviceReport } from '../../../hub/hub.js';
import { commandTo, type HubAccess } from '../drives/hub-drives.js';
import type { OperationRun } from '../operations.js';
import type { ClassifierClient, ClassifierFailure } from './classifier-client.js';
import type { LoopFiles } from './loop-files.js';

export interface CollectionOptions {
  readonly access: HubAccess;
  readonly log: Log;
  readonly classifier: ClassifierClient;
  readonly files: LoopFiles | undefined;
  /** Images of one collection. */
  readonly frames: number;
  /** The words of an answer. */
  readonly wordsOf: (index: number, info: LoopInfo) => string[];
  /** The collection has ended, whatever the reason. */
  readonly onEnd: () => void;
}

const NOTHING: LoopInfo = { isFound: false, loop: undefined, pin: undefined };

export class Collection {
  /** By index, from 1. */
  readonly results = new Map<number, LoopInfo>();
  readonly #options: CollectionOptions;
  readonly #run: OperationRun;
  readonly #cancelled = new AbortController();
  #delivery: string | undefined;
  #unwatch = () => {};
  #isReceiving = true;
  #fault: string | undefined;
  #images = 0;
  #pending = 0;
  #answers = 0;
  #lastFailure: ClassifierFailure | undefined;

  constructor(run: OperationRun, options: CollectionOptions) {
    this.#run = run;
    this.#options = options;
  }

  start(): void {
    const { access, frames, files } = this.#options;
    const delivery = commandTo(CAMERA_ID, 'receive', { images: frames }, access);
    if (typeof delivery === 'string') {
      this.#end('error', delivery);
      return;
    }
    files?.begin();
    this.#delivery = delivery.id;
    this.#unwatch = access.hub.watchReports(CAMERA_ID, (report) => this.#onImage(report));
    this.#run.signal.addEventListener('abort', () => this.#onAborted(), { once: true });
    access.follower.follow(delivery, (stage) => this.#onStage(stage));
  }

  /** No further images; the operation ends with the last answer. */
  stopReceiving(): void {
    if (this.#delivery !== undefined) this.#options.access.hub.commands.abort(this.#delivery);
  }

  #onStage({ stage, failure, detail }: Delivery): void {
    if (stage === 'accepted') this.#run.update('start_oscillation');
    if (stage !== 'completed' && stage !== 'aborted' && stage !== 'failed') return;
    this.#isReceiving = false;
    this.#unwatch();
    if (stage === 'failed') this.#fault = detail ?? failure ?? 'failed';
    this.#endIfDone();
  }

  #onImage({ type, value }: DeviceReport): void {
    if (!type.latestOnly || this.#images >= this.#options.frames) return;
    const index = ++this.#images;
    const { files, classifier } = this.#options;
    const { name, handle } = this.#run;
    files?.image(index, value.bytes, type.latestOnly.mediaType);
    this.#pending++;
    const key = `${name}:${handle}:${index}`;
    void classifier.classify(value.bytes, key, this.#cancelled.signal).then((classified) => {
      this.#pending--;
      if ('info' in classified) this.#answers++;
      else this.#lastFailure = classified.failure;
      this.#onAnswer(index, 'info' in classified ? classified.info : NOTHING);
    });
  }

  #onAnswer(index: number, info: LoopInfo): void {
    const { wordsOf, files } = this.#options;
    if (this.#cancelled.signal.aborted) return;
    const words = wordsOf(index, info);
    this.results.set(index, info);
    files?.result(words);
    this.#run.update(`LOOP_INFO ${words.join(' ')}`);
    this.#endIfDone();
  }

  #onAborted(): void {
    this.#cancelled.abort();
    this.stopReceiving();
    this.#end('aborted', 'stopped');
  }

  #endIfDone(): void {
    if (this.#isReceiving || this.#pending > 0 || this.#cancelled.signal.aborted) return;
    if (this.#fault !== undefined) this.#end('error', this.#fault);
    else if (this.#answers === 0 && this.#lastFailure !== undefined)
      this.#end('error', `classifier ${this.#lastFailure}`);
    else this.#end('normal', 'done');
  }

  #end(status: 'normal' | 'error' | 'aborted', text: string): void {
    this.#unwatch();
    this.#run.complete(status, text);
    this.#options.onEnd();
  }
}

/** The operations of a loop-detection server. */
import type { Clock } from '../../../base/clock.js';
import type { Log } from '../../../base/log.js';
import { type LoopInfo, loopWords, reboxWords, seedWords, tipWords } from '../../../codecs/dcss/loop.js';
import type { HubAccess } from '../drives/hub-drives.js';
import type { Operation, OperationRun } from '../operations.js';
import { boundedFetch } from './bounded-fetch.js';
import type { ClassifierClient } from './classifier-client.js';
import { Collection } from './collection.js';
import type { LoopFiles } from './loop-files.js';
import { TEST_PICTURE } from './test-picture.js';

export interface LoopOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly access: HubAccess;
  readonly classifier: ClassifierClient | undefined;
  /** `http://HOST:PORT` of the AXIS server. */
  readonly camera: string | undefined;
  readonly files: LoopFiles | undefined;
  readonly frames: number;
  readonly words: 'all' | 'seed';
}

const IMAGE_MS = 10_000;
const MAX_IMAGE = 8_388_608;
/** Named by older servers; a site may have its own in `[[dcss.device]]`. */
const NOT_IMPLEMENTED: readonly string[] = [
  'initializeCamera',
  'getPinDiameters',
  'addImageToList',
  'findBoundingBox',
  'getVerticalCut',
];

export class LoopOperations {
  readonly #options: LoopOptions;
  #collection: Collection | undefined;
  /** The one under way. */
  #running: Collection | undefined;
  readonly #counts = { collections: 0, singleImages: 0 };

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  counters() {
    return { isCollecting: this.#running !== undefined, ...this.#counts };
  }

  find(name: string): Operation | undefined {
    switch (name) {
      case 'collectLoopImages':
        return (run) => this.#collect(run);
      case 'stopCollectLoopImages':
        return (run) => this.#stopCollecting(run);
      case 'getLoopTip':
        return (run) => this.#tip(run);
      case 'getLoopInfo':
        return (run) => this.#info(run);
      case 'reboxLoopImage':
        return (run) => this.#rebox(run);
      case 'testAutoML':
        return (run) => this.#classify(run, TEST_PICTURE, (info) => this.#completeInfo(run, info));
      default:
        return NOT_IMPLEMENTED.includes(name) ? (run) => run.complete('error', 'not_implemented') : undefined;
    }
  }

  #wordsOf(index: number, info: LoopInfo): string[] {
    return this.#options.words === 'seed' ? seedWords(index, info) : loopWords(index, info);
  }

  #collect(run: OperationRun): void {
    const { classifier } = this.#options;
    if (!classifier) run.complete('error', 'no_classifier');
    else if (this.#running) run.complete('error', 'busy');
    else {
      this.#counts.collections++;
      const collection = new Collection(run, {
        ...this.#options,
        classifier,
        wordsOf: (index, info) => this.#wordsOf(index, info),
        onEnd: () => {
          if (this.#running === collection) this.#running = undefined;
        },
      });
      this.#running = collection;
      this.#collection = collection;
      collection.start();
    }
  }

  #stopCollecting(run: OperationRun): void {
    run.complete('normal', 'flag set');
    this.#running?.stopReceiving();
  }

  #rebox(run: OperationRun): void {
    const index = Number(run.arguments[0]);
    const info = this.#collection?.results.get(index);
    if (info?.isFound) run.complete('normal', reboxWords(index, info).join(' '));
    else run.complete('error', info ? 'no_loop_in_image' : 'no_such_image');
  }

  async #tip(run: OperationRun): Promise<void> {
    const image = await this.#image(run);
    if (!image) return;
    await this.#classify(run, image, (info) => {
      const words = tipWords(info, run.arguments[0] === '1');
      if (words) run.complete('normal', words.join(' '));
      else run.complete('error', 'TipNotInView');
    });
  }

  async #info(run: OperationRun): Promise<void> {
    const image = await this.#image(run);
    if (image) await this.#classify(run, image, (info) => this.#completeInfo(run, info));
  }

  #completeInfo(run: OperationRun, info: LoopInfo): void {
    run.complete('normal', `LOOP_INFO ${this.#wordsOf(1, info).join(' ')}`);
  }

  /** Completes the operation if there is none. */
  async #image(run: OperationRun): Promise<Buffer | undefined> {
    const { camera, clock } = this.#options;
    if (camera === undefined) {
      run.complete('error', 'no_camera');
      return undefined;
    }
    this.#counts.singleImages++;
    const url = `${trimmed(camera)}/axis-cgi/jpg/image.cgi?camera=1`;
    const outcome = await boundedFetch(
      { url, timeoutMs: IMAGE_MS, maxBytes: MAX_IMAGE, signal: run.signal },
      clock,
    );
    if ('failure' in outcome) run.complete(endOf(run), `camera ${outcome.failure}`);
    else if (outcome.bytes.length === 0) run.complete('error', 'camera empty_image');
    else return outcome.bytes;
    return undefined;
  }

  async #classify(run: OperationRun, image: Buffer, onInfo: (info: LoopInfo) => void): Promise<void> {
    const { classifier } = this.#options;
    if (!classifier) {
      run.complete('error', 'no_classifier');
      return;
    }
    const classified = await classifier.classify(image, `${run.name}:${run.handle}:1`, run.signal);
    if ('info' in classified) onInfo(classified.info);
    else run.complete(endOf(run), `classifier ${classified.failure}`);
  }
}

function endOf({ signal }: OperationRun): 'aborted' | 'error' {
  return signal.aborted ? 'aborted' : 'error';
}

export function trimmed(url: string): string {
  return url.replace(/\/$/, '');
}

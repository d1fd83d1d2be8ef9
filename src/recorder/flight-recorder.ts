import { type CancelTimer, type Clock, every } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { OpenLink } from '../link/link.js';
import { ROOT_LINK } from './link-facts.js';
import { recordLink } from './record-link.js';
import { type ClientRecorder, type ReadOptions, Recorder, type RecordingPage } from './recorder.js';
import { encodeHead } from './recording.js';
import { RecordingFiles } from './recording-files.js';

export interface FlightRecorderSettings {
  /** Bytes of memory. */
  readonly limit: number;
  /** Whether clients are recorded. */
  readonly clients: boolean;
  /** Directory for a copy on disk, if any. */
  readonly directory: string | undefined;
  /** Bytes on disk. */
  readonly directoryLimit: number;
}

export interface FlightRecorderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: FlightRecorderSettings;
  /** The gateway's version. */
  readonly version: string;
}

const TO_DISK_EVERY_MS = 1000;
/** A disk that hangs must not hold up a stopping gateway. */
const STOP_TIMEOUT_MS = 2000;

/** The recorder together with its storage: memory and, if configured, disk. */
export class FlightRecorder {
  /** Starts recording a client; undefined if the settings exclude clients. */
  readonly client: ((name: string) => ClientRecorder) | undefined;
  readonly #recorder: Recorder;
  readonly #files: RecordingFiles | undefined;
  readonly #options: FlightRecorderOptions;
  #cancel: CancelTimer = () => {};

  constructor(options: FlightRecorderOptions) {
    const { clock, settings } = options;
    this.#options = options;
    this.#recorder = new Recorder({
      clock,
      limit: settings.limit,
      onBlock: (bytes) => this.#files?.add(bytes),
    });
    this.#files = this.#createFiles();
    if (settings.clients) this.client = (name) => this.#recorder.client(name);
  }

  /** Wraps `openLink` so that the link is recorded; `linkName`: that of the device's source, if it is not the root. */
  around(openLink: OpenLink, linkName = ROOT_LINK): OpenLink {
    return recordLink(openLink, this.#recorder.link(linkName));
  }

  start(): void {
    if (this.#files) {
      this.#cancel = every(this.#options.clock, TO_DISK_EVERY_MS, () => this.#recorder.finishBlock());
    }
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#recorder.finishBlock();
    if (this.#files) await Promise.race([this.#files.close(), this.#timeout()]);
  }

  /** Reads the recording in memory, one page at a time. */
  read(options: ReadOptions, limit: number): RecordingPage {
    return this.#recorder.read(options, limit);
  }

  get run(): string {
    return this.#recorder.run;
  }

  counters() {
    return { ...this.#recorder.counters(), disk: this.#files?.counters() ?? null };
  }

  #createFiles(): RecordingFiles | undefined {
    const { log, settings, version } = this.#options;
    const { directory, directoryLimit: limit } = settings;
    if (directory === undefined) return undefined;
    const head = encodeHead({ gateway: version, run: this.run, redacted: false });
    return new RecordingFiles({ directory, limit, head, log });
  }

  #timeout(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(STOP_TIMEOUT_MS, resolve));
  }
}

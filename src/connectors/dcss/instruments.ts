/** Shutters, ion chambers, encoders and strings that DCSS has registered: only those are ever reported. */
import type { CancelTimer, Clock } from '../../base/clock.js';
import { cleanToken, cutWords, MAX_STRING, wordsOf } from '../../codecs/dcss/text.js';
import type { ShutterState } from '../../codecs/dcss/to-hardware.js';
import type { Drives, Encoder, IonChamber, Shutter, StringDevice } from './drives/drive.js';
import type { Speaker } from './say.js';

/** DCSS reads reports with a time of 0 as errors. */
const SHORTEST_READING_S = 0.001;
const LONGEST_READING_S = 3600;
/** Shortest time between two publications of one string. */
const PUBLISH_MS = 1000;

interface Publication {
  readonly drive: StringDevice;
  readonly stopWatching: () => void;
  published: string | undefined;
  cancelPause: CancelTimer | undefined;
}

interface Reading {
  readonly channels: readonly string[];
  readonly cancel: CancelTimer;
}

export class Instruments {
  readonly #clock: Clock;
  readonly #speaker: Speaker;
  readonly #drives: Drives;
  readonly #shutters = new Map<string, Shutter | undefined>();
  readonly #ionChambers = new Map<string, IonChamber | undefined>();
  readonly #encoders = new Map<string, Encoder | undefined>();
  readonly #strings = new Map<string, Publication | undefined>();
  #reading: Reading | undefined;
  /** Answers of an earlier connection are not sent. */
  #epoch = 0;
  readonly #counts = { readings: 0, stringsPublished: 0, unregistered: 0 };

  constructor(clock: Clock, speaker: Speaker, drives: Drives) {
    this.#clock = clock;
    this.#speaker = speaker;
    this.#drives = drives;
  }

  counters() {
    return { isReading: this.#reading !== undefined, ...this.#counts };
  }

  registerShutter(name: string, state: ShutterState): void {
    if (!this.#shutters.has(name)) this.#shutters.set(name, this.#drives.shutter(name, state));
  }

  registerIonChamber(name: string): void {
    if (!this.#ionChambers.has(name)) this.#ionChambers.set(name, this.#drives.ionChamber(name));
  }

  registerEncoder(name: string): void {
    if (!this.#encoders.has(name)) this.#encoders.set(name, this.#drives.encoder(name));
  }

  /** A string that changes by itself is published at once, and then whenever it has changed. */
  registerString(name: string): void {
    if (this.#strings.has(name)) return;
    const drive = this.#drives.string(name);
    if (!drive) {
      this.#strings.set(name, undefined);
      return;
    }
    const stopWatching = drive.watch(() => this.#publish(name));
    this.#strings.set(name, { drive, stopWatching, published: undefined, cancelPause: undefined });
    if (drive.contents !== '') this.#publish(name);
  }

  /** The contents in the data base of DCSS, for a string that has none yet. */
  configureString(name: string, contents: string): void {
    const string = this.#strings.get(name);
    if (string && string.drive.contents === '') string.drive.set(contents);
  }

  configureEncoder(name: string, position: number): void {
    this.#encoders.get(name)?.set(position);
  }

  shutterState(name: string): ShutterState | undefined {
    return this.#shutters.get(name)?.state;
  }

  /** False for one that is not registered. */
  setShutter(name: string, state: ShutterState, onDone: () => void = () => {}): boolean {
    if (!this.#shutters.has(name)) return this.#unregistered();
    const shutter = this.#shutters.get(name);
    const epoch = this.#epoch;
    const report = (now: ShutterState, result: string) => {
      if (epoch !== this.#epoch) return;
      const message = { name: 'htos_report_shutter_state', device: name, state: now } as const;
      this.#speaker.say({ ...message, result: cleanToken(result) });
      onDone();
    };
    if (shutter) void shutter.set(state).then((result) => report(shutter.state, result));
    else report('closed', 'unknown');
    return true;
  }

  /** Only one reading at a time: a request ends the one before. */
  readIonChambers(seconds: number, isRepeated: boolean, channels: readonly string[]): void {
    this.#reading?.cancel();
    this.#reading = undefined;
    const known = channels.filter((name) => this.#ionChambers.has(name));
    this.#counts.unregistered += channels.length - known.length;
    if (known.length > 0) {
      const time = Math.min(LONGEST_READING_S, Math.max(SHORTEST_READING_S, seconds));
      this.#scheduleReading(time, isRepeated, known);
    }
  }

  getEncoder(name: string): boolean {
    if (!this.#encoders.has(name)) return this.#unregistered();
    this.#sayEncoder('htos_get_encoder_completed', name);
    return true;
  }

  setEncoder(name: string, position: number): boolean {
    if (!this.#encoders.has(name)) return this.#unregistered();
    const isDone = this.#encoders.get(name)?.set(position) ?? false;
    this.#sayEncoder('htos_set_encoder_completed', name, isDone);
    return true;
  }

  setString(name: string, contents: string): boolean {
    if (!this.#strings.has(name)) return this.#unregistered();
    const string = this.#strings.get(name);
    const isDone = string?.drive.set(textFor(contents)) ?? false;
    this.#sayString(name, isDone ? 'normal' : 'error', string?.drive.contents ?? '');
    return true;
  }

  /** A repeated reading ends, and is reported as aborted. */
  abortAll(): void {
    const reading = this.#reading;
    reading?.cancel();
    this.#reading = undefined;
    for (const name of reading?.channels ?? []) this.#reportFailed(name, 'aborted');
  }

  /** DCSS is gone. */
  forgetAll(): void {
    this.#epoch++;
    this.#reading?.cancel();
    this.#reading = undefined;
    for (const string of this.#strings.values()) {
      string?.stopWatching();
      string?.cancelPause?.();
    }
    for (const known of [this.#shutters, this.#ionChambers, this.#encoders, this.#strings]) known.clear();
  }

  #unregistered(): false {
    this.#counts.unregistered++;
    return false;
  }

  #scheduleReading(seconds: number, isRepeated: boolean, channels: readonly string[]): void {
    const cancel = this.#clock.after(seconds * 1000, () => {
      this.#reading = undefined;
      if (isRepeated) this.#scheduleReading(seconds, isRepeated, channels);
      this.#report(seconds, channels);
    });
    this.#reading = { channels, cancel };
  }

  #report(seconds: number, channels: readonly string[]): void {
    this.#counts.readings++;
    const counted = channels.map((name) => [name, this.#ionChambers.get(name)?.read(seconds)] as const);
    const readings = counted.flatMap(([name, counts]) =>
      counts === undefined ? [] : [name, formatCounts(counts)],
    );
    if (readings.length > 0) this.#speaker.say({ name: 'htos_report_ion_chambers', seconds, readings });
    for (const [name, counts] of counted) if (counts === undefined) this.#reportFailed(name, 'no_value');
  }

  #reportFailed(channel: string, reason: string): void {
    this.#speaker.say({ name: 'htos_report_ion_chambers', seconds: 0, readings: [channel, reason] });
  }

  #sayEncoder(
    name: 'htos_get_encoder_completed' | 'htos_set_encoder_completed',
    device: string,
    isDone = true,
  ): void {
    const position = this.#encoders.get(device)?.position;
    const status = position === undefined ? 'unknown' : isDone ? 'normal' : 'error';
    this.#speaker.say({ name, device, position: position ?? 0, status });
  }

  #publish(name: string): void {
    const string = this.#strings.get(name);
    if (!string || string.cancelPause || string.drive.contents === string.published) return;
    string.published = string.drive.contents;
    string.cancelPause = this.#clock.after(PUBLISH_MS, () => {
      string.cancelPause = undefined;
      this.#publish(name);
    });
    this.#counts.stringsPublished++;
    this.#sayString(name, 'normal', string.published);
  }

  #sayString(device: string, status: string, contents: string): void {
    const head = `htos_set_string_completed ${device} ${status} `.length;
    const room = Math.min(MAX_STRING, this.#speaker.room - head);
    const message = { name: 'htos_set_string_completed', device, status } as const;
    this.#speaker.say({ ...message, contents: cutWords(wordsOf(contents), room) }, `string ${device}`);
  }
}

function textFor(contents: string): string {
  return cutWords(wordsOf(contents), MAX_STRING);
}

function formatCounts(counts: number): string {
  return String(Number(counts.toFixed(5)));
}

/**
 * Another HV server, as one of its clients. What it says goes to all of its clients, without correlation: an answer is
 * taken for ours unless it carries the id of another command.
 */
import type { Clock } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import { encodeEnvelope } from '../../codecs/dataforge/envelope.js';
import { EnvelopeReader } from '../../codecs/dataforge/envelope-reader.js';
import { BUSY_ERROR, readServerMessage, type ServerMessage } from '../../codecs/dataforge/hv-messages.js';
import type { Link, OpenLink } from '../../link/link.js';
import { LinkKeeper, type LinkStatus } from '../../link/link-keeper.js';
import { NextValue } from './next-value.js';
import { type SetProgress, SupplyError, type VoltageSource } from './voltage-source.js';
import { wait } from './waiting.js';

export interface ServerSourceOptions {
  readonly openLink: OpenLink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: { readonly maxMeta: number; readonly maxData: number };
}

/** A server reports a reading every 4 s. */
const SILENT_AFTER_MS = 30_000;
const READ_TIMEOUT_MS = 30_000;
/** A server answers 2 s after it has taken a command, and at once if it has not. */
const ANSWER_TIMEOUT_MS = 10_000;
/** As its usual clients do. */
const BUSY_PAUSE_MS = 5000;
/** How often a busy server is asked: 60 s. */
const MAX_TRIES = 12;

type Answer = Extract<ServerMessage, { kind: 'answer' | 'error' }>;

export class ServerSource implements VoltageSource {
  readonly description = 'high-voltage supply of another server';
  readonly isPushed = true;
  readonly #clock: Clock;
  readonly #limits: ServerSourceOptions['limits'];
  readonly #keeper: LinkKeeper;
  readonly #reading: NextValue<number>;
  readonly #answer: NextValue<Answer>;
  #reader: EnvelopeReader;
  #link: Link | undefined;
  /** Of the command that waits for its answer. */
  #id = '';
  #commands = 0;
  #counts = { messages: 0, badMessages: 0, busyWaits: 0 };
  #onStatus: (status: LinkStatus) => void = () => {};

  constructor({ openLink, clock, random, limits }: ServerSourceOptions) {
    this.#clock = clock;
    this.#limits = limits;
    this.#reading = new NextValue(clock);
    this.#answer = new NextValue(clock);
    this.#reader = new EnvelopeReader(limits);
    this.#keeper = new LinkKeeper(
      { openLink, clock, random, silentAfterMs: SILENT_AFTER_MS },
      {
        onBytes: (chunk) => this.#onBytes(chunk),
        onOpened: (link) => this.#onOpened(link),
        onLost: () => this.#onLost(),
        onStatus: (status) => this.#onStatus(status),
        onSilent: () => void this.#keeper.reopen(),
      },
    );
  }

  counters() {
    return { ...this.#counts, skippedBytes: this.#reader.skippedBytes };
  }

  start(onStatus: (status: LinkStatus) => void): void {
    this.#onStatus = onStatus;
    this.#keeper.start();
  }

  async stop(): Promise<void> {
    this.#onStatus = () => {};
    this.#onLost();
    await this.#keeper.stop();
  }

  read(): Promise<number> {
    return this.#reading.next(READ_TIMEOUT_MS);
  }

  /** Waits while the server is busy, and sends the same again. */
  async set(volts: number, { signal, onWaiting }: SetProgress): Promise<void> {
    this.#id = `meshgate-${++this.#commands}`;
    const command = {
      type: 'command',
      command_type: 'set_voltage',
      block: '1',
      voltage: volts,
      id: this.#id,
    };
    const bytes = encodeEnvelope({ meta: command }, { form: 'tagged', at: this.#clock.now() });
    for (let tries = 1; ; tries++) {
      const answer = await this.#ask(bytes, signal);
      if (answer.kind === 'answer') return;
      if (answer.code !== BUSY_ERROR) throw new SupplyError('rejectedByDevice', answer.description);
      if (tries === MAX_TRIES) throw new SupplyError('deviceBusy', answer.description);
      this.#counts.busyWaits++;
      onWaiting('the other server is busy');
      await wait(this.#clock, BUSY_PAUSE_MS, signal);
    }
  }

  async #ask(bytes: Buffer, signal: AbortSignal): Promise<Answer> {
    const link = this.#link;
    if (!link) throw new SupplyError('noLink', 'no link to the other server');
    const answer = this.#answer.next(ANSWER_TIMEOUT_MS);
    const onAbort = () => this.#answer.fail(new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const [given] = await Promise.all([answer, link.write(bytes)]);
      return given;
    } catch (error) {
      throw new SupplyError('deviceFault', `no answer of the other server: ${errorText(error)}`);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #onOpened(link: Link): void {
    this.#link = link;
    this.#reader = new EnvelopeReader(this.#limits);
  }

  #onLost(): void {
    this.#link = undefined;
    this.#reading.fail(new Error('the link was lost'));
    this.#answer.fail(new Error('the link was lost'));
  }

  #onBytes(chunk: Buffer): void {
    for (const received of this.#reader.push(chunk)) {
      const message = 'envelope' in received ? readServerMessage(received.envelope.meta) : undefined;
      if (message) this.#onMessage(message);
      else this.#counts.badMessages++;
    }
    if (this.#reader.isOver) void this.#keeper.reopen();
  }

  #onMessage(message: ServerMessage): void {
    this.#counts.messages++;
    this.#keeper.onHeard();
    if (message.kind === 'reading') this.#reading.offer(message.volts);
    else if (this.#isOurs(message)) this.#answer.offer(message);
  }

  #isOurs(answer: Answer): boolean {
    if (answer.id !== undefined) return answer.id === this.#id;
    return answer.kind === 'error' || answer.answerType === 'set_voltage';
  }
}

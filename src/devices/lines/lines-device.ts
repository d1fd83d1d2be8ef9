/** An instrument that prints lines: link → lines → messages, alarms and replies → values of its device. */
import { cleanText } from '../../base/clean-text.js';
import { type CancelTimer, every } from '../../base/clock.js';
import { RateLimit } from '../../base/rate-limit.js';
import type { CommandRun } from '../../hub/device-commands.js';
import type { Source } from '../../hub/source.js';
import { describeLinkStatus } from '../../link/describe-link.js';
import { LinkKeeper, type LinkStatus } from '../../link/link-keeper.js';
import type { DataType } from '../../protocol/data-types.js';
import type { Device } from '../device.js';
import { type DeviceTable, type ListedOptions, openListedSource } from '../device-list.js';
import type { AlarmSink } from './alarms.js';
import { Dialog, type Exchange, type ReplyVerdict } from './dialog.js';
import { LineSplitter } from './line-splitter.js';
import { encodeValues, type LineValues, MAX_VALUE_LENGTH, type MessageReader } from './message-reader.js';
import { linesLink } from './open-lines-link.js';
import { type Plan, type Poll, planOf } from './plan.js';
import type { LinesTable } from './section.js';
import { Watchdog } from './watchdog.js';

/** Silences, each of `silentAfterMs`, after which a TCP connection is closed and opened again. */
const SILENCES_BEFORE_REOPENING = 3;
/** A peer that ends each connection within this time is retried with growing pauses. */
const STEADY_AFTER_MS = 5000;

/** Throws `BAD_CONFIG`. */
export function createLinesDevice(table: LinesTable & DeviceTable, options: ListedOptions): Device {
  return new LinesDevice(table, planOf(options.place, table), options);
}

class LinesDevice implements Device {
  readonly name: string;
  readonly #options: ListedOptions;
  readonly #table: LinesTable;
  readonly #plan: Plan;
  readonly #source: Source;
  readonly #address: number;
  /** By id: the objects that the hub knows, which another device may have declared first. */
  readonly #types: ReadonlyMap<number, DataType>;
  readonly #keeper: LinkKeeper;
  readonly #splitter: LineSplitter;
  readonly #dialog: Dialog;
  readonly #watchdog: Watchdog;
  readonly #rate: RateLimit;
  readonly #alarmSink: AlarmSink;
  #cancelPolls: readonly CancelTimer[] = [];
  #silences = 0;
  readonly #counts = {
    lines: 0,
    values: 0,
    linesUnmatched: 0,
    linesTooLong: 0,
    linesDropped: 0,
    fieldsInvalid: 0,
    pollsSkipped: 0,
  };

  constructor(table: LinesTable & DeviceTable, plan: Plan, options: ListedOptions) {
    const { clock, hub } = options;
    this.name = table.id;
    this.#options = options;
    this.#table = table;
    this.#plan = plan;
    const commands = [...plan.commands.values()].map(({ definition }) => definition);
    const { source, address } = openListedSource(table, options, {
      kind: 'lines',
      types: plan.types,
      facts: { commands },
      counters: () => ({ device: { [this.name]: this.#counters() } }),
      onCommand: (run) => this.#onCommand(run),
    });
    this.#source = source;
    this.#address = address;
    this.#types = new Map(
      plan.types.map((type) => [type.id, hub.tables.dataTypes.findById(type.id) ?? type]),
    );
    this.#alarmSink = {
      raise: (alarm) => source.raiseAlarm(address, alarm),
      clear: (code) => source.clearAlarm(address, code),
    };
    this.#watchdog = new Watchdog(this.#alarmSink);
    this.#rate = new RateLimit(clock, { atOnce: table.max_rate, perSecond: table.max_rate });
    this.#splitter = this.#createSplitter();
    this.#keeper = this.#createKeeper();
    this.#dialog = new Dialog({ clock, gapMs: table.gap_ms, write: (line) => this.#write(line) });
    source.setLink(this.#keeper.status);
  }

  start(): void {
    this.#keeper.start();
  }

  async stop(): Promise<void> {
    try {
      await this.#keeper.stop();
    } finally {
      this.#onLost();
      this.#source.close();
    }
  }

  #counters() {
    const linkLosses = Object.values<number>(this.#keeper.losses.snapshot()).reduce(
      (sum, count) => sum + count,
      0,
    );
    return { ...this.#counts, ...this.#dialog.counters(), linkLosses };
  }

  #createSplitter(): LineSplitter {
    const { terminator, max_line: maxLength, encoding } = this.#table;
    return new LineSplitter({
      terminator: Buffer.from(terminator, encoding),
      maxLength,
      onLine: (line) => this.#onLine(line),
      onTooLong: () => {
        this.#counts.linesTooLong++;
        this.#watchdog.onUnreadable('a line that is too long');
      },
    });
  }

  #createKeeper(): LinkKeeper {
    const { clock, random } = this.#options;
    const { polls, silentAfterMs } = this.#plan;
    return new LinkKeeper(
      {
        ...linesLink(this.name, this.#table, this.#options),
        clock,
        random,
        silentAfterMs,
        isUpWhenOpen: !polls.some(({ reader, reply }) => reader ?? reply),
        steadyAfterMs: STEADY_AFTER_MS,
      },
      {
        onBytes: (chunk) => this.#splitter.push(chunk),
        onOpened: () => this.#onOpened(),
        onLost: () => this.#onLost(),
        onStatus: (status) => this.#onStatus(status),
        onSilent: () => this.#onSilent(),
      },
    );
  }

  #onStatus(status: LinkStatus): void {
    const { log } = this.#options;
    const text = `${this.name}: ${describeLinkStatus(status, 'the device')}`;
    if (status.state === 'opening' || status.reason === 'stopped') log.debug('%s', text);
    else if (status.state === 'probing' || status.state === 'up') log.info(text, status.state);
    else log.warn(`${status.state} ${status.reason}`, text);
    this.#source.setLink(status);
  }

  #onOpened(): void {
    const { clock } = this.#options;
    this.#splitter.reset();
    for (const line of this.#table.init) this.#dialog.add({ line, timeoutMs: 0 });
    this.#cancelPolls = this.#plan.polls.map((poll) => {
      const exchange = this.#exchangeOf(poll);
      this.#dialog.add(exchange);
      return poll.everyMs === 0 ? () => {} : every(clock, poll.everyMs, () => this.#poll(exchange));
    });
  }

  #poll(exchange: Exchange): void {
    if (this.#dialog.has(exchange)) this.#counts.pollsSkipped++;
    else this.#dialog.add(exchange);
  }

  #exchangeOf({ line, timeoutMs, reader, reply }: Poll): Exchange {
    const judge = (text: string): ReplyVerdict => {
      if (this.#plan.error?.match(text)) return 'rejected';
      return (reader ? this.#read(reader, text) : reply?.match(text)) ? 'reply' : 'other';
    };
    return { line, timeoutMs, judge: reader || reply ? judge : undefined };
  }

  #onLost(): void {
    for (const cancel of this.#cancelPolls) cancel();
    this.#cancelPolls = [];
    this.#dialog.reset();
    this.#watchdog.onLost();
    this.#silences = 0;
  }

  /** A TCP connection may be to a peer that has forgotten it. Opening a serial port again changes nothing. */
  #onSilent(): void {
    const seconds = Math.round((this.#plan.silentAfterMs ?? 0) / 1000);
    this.#watchdog.onSilent(seconds);
    this.#silences++;
    const isTcp = /^tcp:/i.test(this.#table.port);
    if (isTcp && this.#silences >= SILENCES_BEFORE_REOPENING)
      this.#keeper.giveUp(`no valid line in ${seconds * this.#silences} s`);
  }

  #write(line: string): Promise<void> {
    const { send_terminator, terminator, encoding } = this.#table;
    return this.#keeper.write(Buffer.from(line + (send_terminator ?? terminator), encoding));
  }

  #onLine(bytes: Buffer): void {
    if (!this.#rate.take()) {
      this.#counts.linesDropped++;
      return;
    }
    const line = bytes.toString(this.#table.encoding);
    if (line.trim() === '') return;
    this.#counts.lines++;
    if (this.#isUnderstood(line)) this.#onHeard();
    else {
      this.#counts.linesUnmatched++;
      this.#watchdog.onUnreadable(`"${cleanText(line)}"`);
    }
  }

  #isUnderstood(line: string): boolean {
    if (this.#dialog.onLine(line)) return true;
    const { alarms, readers } = this.#plan;
    if (alarms.some((alarm) => alarm.read(line, this.#alarmSink))) return true;
    return readers.some((reader) => this.#read(reader, line));
  }

  #onHeard(): void {
    this.#silences = 0;
    this.#keeper.onHeard();
    this.#watchdog.onHeard();
  }

  #read(reader: MessageReader, line: string): boolean {
    const values = reader.read(line);
    if (!values) return false;
    this.#counts.fieldsInvalid += values.invalid.length;
    this.#report(reader.type, values);
    return true;
  }

  #report({ id }: DataType, values: LineValues): void {
    const type = this.#types.get(id);
    if (!type || Object.keys(values.fields).length === 0) return;
    const bytes = encodeValues(values);
    if (bytes.length > MAX_VALUE_LENGTH) {
      this.#counts.linesTooLong++;
      return;
    }
    this.#counts.values++;
    this.#source.report(this.#address, type, bytes, values.at);
  }

  #onCommand(run: CommandRun): void {
    this.#plan.commands.get(run.name)?.carryOut(run, this.#dialog);
  }
}

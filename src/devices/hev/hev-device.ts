/** The ventilator's microcontroller: link → frames → payloads → values, alarms and commands of a device. */
import { type CancelTimer, every } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { errorText } from '../../base/errors.js';
import { decodePayload, encodePayload, PAYLOAD_FAULTS, type PayloadFault } from '../../codecs/hev/payload.js';
import type { HevPlace } from '../../config/sections/hev.js';
import type { CommandRun } from '../../hub/device-commands.js';
import type { CommandFailure } from '../../hub/failures.js';
import type { Source } from '../../hub/source.js';
import { describeLinkStatus } from '../../link/describe-link.js';
import type { OpenLink } from '../../link/link.js';
import { isOpen, LinkKeeper, type LinkStatus } from '../../link/link-keeper.js';
import { badDeviceSetting, type Device, type DeviceOptions } from '../device.js';
import { COMMANDS, payloadOf } from './commands.js';
import { DumpRecorder } from './dump-recorder.js';
import { LastingAlarms } from './lasting-alarms.js';
import { type SendOutcome, SerialSession } from './serial-session.js';
import { TYPES } from './types.js';

export interface HevLink {
  /** For people. */
  readonly description: string;
  readonly openLink: OpenLink;
  readonly watchForDevices: ((onChange: () => void) => () => void) | undefined;
}

/** It sends 50 payloads a second. */
const SILENT_AFTER_MS = 3000;
const SILENT = 'SILENT';
const BATTERY_EVERY_MS = 1000;
/** `dummy`: there is no battery board. */
const BATTERY = encodePayload('BATTERY', { ok: 1, dummy: 1 });

/** Why a command failed: the hub's reason, and the words for it. */
const FAILURES = {
  unanswered: ['timedOut', 'the microcontroller did not acknowledge it in 10 transmissions'],
  displaced: ['queueFull', 'newer commands took its place in the queue'],
  linkLost: ['linkLost', 'the serial line was lost'],
} as const satisfies Record<Exclude<SendOutcome, 'acknowledged'>, readonly [CommandFailure, string]>;

export class HevDevice implements Device {
  readonly name: string;
  readonly #place: HevPlace;
  readonly #options: DeviceOptions;
  readonly #source: Source;
  readonly #keeper: LinkKeeper;
  readonly #session: SerialSession;
  readonly #alarms: LastingAlarms;
  readonly #recorder: DumpRecorder | undefined;
  readonly #faults = new Counters<PayloadFault>(Object.keys(PAYLOAD_FAULTS) as PayloadFault[]);
  readonly #counts = { silences: 0, writeFailures: 0 };
  #isSilent = false;
  #cancelBattery: CancelTimer = () => {};

  /** Throws `BAD_CONFIG`. */
  constructor(place: HevPlace, link: HevLink, options: DeviceOptions) {
    const { clock, log } = options;
    const { record, record_lines } = place.table;
    this.name = place.id;
    this.#place = place;
    this.#options = options;
    this.#source = this.#openSource(link.description);
    this.#session = new SerialSession({
      clock,
      write: (frame) => this.#write(frame),
      onPayload: (bytes) => this.#onPayload(bytes),
      onFrame: () => this.#onHeard(),
    });
    this.#alarms = new LastingAlarms({
      clock,
      raise: (alarm) => this.#source.raiseAlarm(place.address, alarm),
      clear: (code) => this.#source.clearAlarm(place.address, code),
    });
    this.#recorder =
      record === undefined ? undefined : new DumpRecorder(record, record_lines, { log, clock });
    this.#keeper = this.#createKeeper(link);
    this.#source.setLink(this.#keeper.status);
  }

  start(): void {
    const { clock } = this.#options;
    void this.#recorder?.start();
    this.#keeper.start();
    if (this.#place.table.battery)
      this.#cancelBattery = every(clock, BATTERY_EVERY_MS, () => this.#sendBattery());
  }

  async stop(): Promise<void> {
    this.#cancelBattery();
    try {
      await Promise.all([this.#keeper.stop(), this.#recorder?.stop()]);
    } finally {
      this.#onLost();
      this.#source.close();
    }
  }

  #openSource(description: string): Source {
    const { hub } = this.#options;
    const { id, address } = this.#place;
    const source = hub.openSource({
      name: id,
      kind: 'hev',
      counters: () => ({ hev: { [id]: this.#counters() } }),
      onCommand: (run) => this.#onCommand(run),
      onAcknowledged: (_address, code) => this.#alarms.onAcknowledged(code),
    });
    try {
      source.declare(Object.values(TYPES));
      source.addDevice(address, id, {
        description: `${description}; not for patient use`,
        commands: COMMANDS,
      });
    } catch (error) {
      source.close();
      throw badDeviceSetting('hev', id, errorText(error));
    }
    return source;
  }

  #createKeeper({ openLink, watchForDevices }: HevLink): LinkKeeper {
    const { clock, random } = this.#options;
    return new LinkKeeper(
      { openLink, watchForDevices, clock, random, silentAfterMs: SILENT_AFTER_MS },
      {
        onBytes: (chunk) => this.#session.push(chunk),
        onOpened: () => this.#session.reset(),
        onLost: () => this.#onLost(),
        onStatus: (status) => this.#onStatus(status),
        onSilent: () => this.#onSilent(),
      },
    );
  }

  #counters() {
    const losses = Object.values<number>(this.#keeper.losses.snapshot());
    return {
      ...this.#session.counts.snapshot(),
      ...this.#session.drops.snapshot(),
      payloadFaults: this.#faults.snapshot(),
      ...this.#counts,
      ...(this.#recorder?.counters() ?? { recorded: 0 }),
      linkLosses: losses.reduce((sum, count) => sum + count, 0),
    };
  }

  #onStatus(status: LinkStatus): void {
    const { log } = this.#options;
    const text = `${this.name}: ${describeLinkStatus(status)}`;
    if (status.state === 'opening' || status.reason === 'stopped') log.debug('%s', text);
    else if (isOpen(status)) log.info(text, status.state);
    else log.warn(`${status.state} ${status.reason}`, text);
    this.#source.setLink(status);
  }

  #onHeard(): void {
    this.#keeper.onHeard();
    if (!this.#isSilent) return;
    this.#endSilence();
    this.#source.setLink(this.#keeper.status);
  }

  /** Opening a serial port again changes nothing; until it is heard, commands are refused. */
  #onSilent(): void {
    const { clock } = this.#options;
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#counts.silences++;
    const text = `the line is open, but no frame was received in ${SILENT_AFTER_MS / 1000} s`;
    this.#source.raiseAlarm(this.#place.address, { code: SILENT, priority: 'high', text });
    if (this.#keeper.status.state === 'up')
      this.#source.setLink({ ...this.#keeper.status, state: 'probing', since: clock.now() });
  }

  #endSilence(): void {
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#source.clearAlarm(this.#place.address, SILENT);
  }

  #onLost(): void {
    this.#session.reset();
    this.#alarms.endAll();
    this.#endSilence();
  }

  /** A frame that could not be written is sent again, like one that was lost on the line. */
  #write(frame: Buffer): void {
    this.#keeper.write(frame).catch(() => {
      this.#counts.writeFailures++;
    });
  }

  #onPayload(bytes: Buffer): void {
    this.#recorder?.add(bytes);
    const payload = decodePayload(bytes);
    if (typeof payload === 'string') {
      this.#faults.add(payload);
      return;
    }
    this.#source.report(this.#place.address, TYPES[payload.type], bytes);
    if (payload.type === 'ALARM') this.#alarms.onAlarm(payload.values);
  }

  /** To clients as if the microcontroller had sent it, and to the microcontroller. */
  #sendBattery(): void {
    this.#source.report(this.#place.address, TYPES.BATTERY, BATTERY);
    if (this.#keeper.status.state === 'up' && !this.#isSilent) this.#session.send('data', BATTERY);
  }

  /** Completed by the acknowledgement: the microcontroller has it. Whether it obeys shows in its values. */
  #onCommand(run: CommandRun): void {
    const outgoing = payloadOf(run.name, run.arguments);
    if (!outgoing) {
      run.fail('rejectedByDevice', `unknown command ${run.name}`);
      return;
    }
    run.accept();
    this.#session.send(outgoing.address, outgoing.bytes, (outcome) => {
      if (outcome === 'acknowledged') run.complete();
      else run.fail(FAILURES[outcome][0], FAILURES[outcome][1]);
    });
  }
}

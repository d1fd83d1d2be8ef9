/** One hardware server as a source: itself, and each of its devices, as devices of the gateway. */
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { numberOf } from '../../codecs/dcss/fields.js';
import { type FromHardware, MOTOR_STATUSES, readFromHardware } from '../../codecs/dcss/from-hardware.js';
import { tokensOf } from '../../codecs/dcss/text.js';
import type { DcssDevice } from '../../config/sections/dcss.js';
import type { GatewayHub } from '../../hub/gateway-hub.js';
import type { Source } from '../../hub/source.js';
import type { DataType } from '../../protocol/data-types.js';
import { addressOfId } from '../identity.js';
import { commandsOf, commandsOfServer } from './hardware-commands.js';
import { HardwareRuns } from './hardware-runs.js';
import { registrationOf } from './registration.js';
import {
  ENCODER,
  HARDWARE_TYPES,
  ION_CHAMBER,
  jsonBytes,
  LOG,
  MOTOR,
  OPERATION,
  SHUTTER,
  SHUTTER_NAMES,
  STRING,
} from './types.js';

export interface HardwareSourceOptions {
  readonly hub: GatewayHub;
  readonly clock: Clock;
  /** Of the hardware server. */
  readonly name: string;
  readonly devices: readonly DcssDevice[];
  readonly send: (text: string) => boolean;
  /** Further counters, of the server. */
  readonly counters?: (() => Readonly<Record<string, unknown>>) | undefined;
}

const COUNTS = ['values', 'unknown', 'malformed', 'unknownDevice', 'unsupported'] as const;

export function idOf(name: string): string {
  return `dcss:${name}`;
}

export class HardwareSource {
  readonly #options: HardwareSourceOptions;
  readonly #source: Source;
  readonly #address: number;
  readonly #devices: ReadonlyMap<string, DcssDevice>;
  readonly #runs: HardwareRuns;
  readonly #counts = new Counters(COUNTS);
  /** Last positions, for the next registration. */
  readonly #positions = new Map<string, number>();

  /** Throws if an id is taken. */
  constructor(options: HardwareSourceOptions) {
    const { hub, clock, name, devices } = options;
    this.#options = options;
    this.#devices = new Map(devices.map((device) => [device.name, device]));
    this.#address = addressOfId(idOf(name));
    this.#runs = new HardwareRuns(options.send, (device) => this.#positions.get(device));
    this.#source = hub.openSource({
      name: idOf(name),
      kind: 'dcss',
      counters: () => ({ dcss: { [name]: this.#counts.snapshot(), ...options.counters?.() } }),
      onCommand: (run) => this.#runs.begin(run, this.#devices.get(run.device.slice(idOf('').length))),
    });
    this.#source.declare(HARDWARE_TYPES);
    const operations = devices.filter(({ kind }) => kind === 'operation').map((device) => device.name);
    const description = 'DCSS hardware server';
    this.#source.addDevice(this.#address, idOf(name), {
      description,
      commands: commandsOfServer(operations),
    });
    for (const device of devices) if (device.kind !== 'operation') this.#add(device);
    this.#source.setLink({ state: 'opening', since: clock.now() });
  }

  /** It has connected: it learns what is its own. */
  onReady(): void {
    const { clock, send, devices, name } = this.#options;
    this.#source.setLink({ state: 'up', since: clock.now(), name });
    for (const device of devices)
      for (const text of registrationOf(device, this.#positions.get(device.name) ?? 0)) send(text);
  }

  onLost(detail: string): void {
    this.#runs.forgetAll();
    this.#source.setLink({
      state: 'backingOff',
      since: this.#options.clock.now(),
      reason: 'closedByPeer',
      detail,
    });
  }

  close(): void {
    this.#runs.forgetAll();
    this.#source.close();
  }

  onText(text: string): void {
    const message = readFromHardware(text);
    if (typeof message === 'string') this.#counts.add(message);
    else this.#onMessage(message);
  }

  #add(device: DcssDevice): void {
    const id = idOf(device.name);
    const description = `DCSS ${device.kind.replace('_', ' ')}`;
    this.#source.addDevice(addressOfId(id), id, { description, commands: commandsOf(device) });
  }

  #onMessage(message: FromHardware): void {
    switch (message.name) {
      case 'htos_log':
        this.#report(
          this.#address,
          LOG,
          jsonBytes({ level: message.level, sender: message.sender, text: message.text }),
        );
        return;
      case 'htos_note':
        this.#report(
          this.#address,
          LOG,
          jsonBytes({ level: 'note', sender: this.#options.name, text: message.text }),
        );
        return;
      case 'htos_report_ion_chambers':
        this.#onIonChambers(message.seconds, message.readings);
        return;
      case 'htos_start_operation':
      case 'htos_client_is_hardware':
        this.#counts.add('unsupported');
        return;
      default:
        if (this.#devices.has(message.device)) this.#onDevice(message, message.device);
        else this.#counts.add('unknownDevice');
    }
  }

  #onDevice(
    message: Exclude<FromHardware, { name: 'htos_log' | 'htos_note' | 'htos_report_ion_chambers' }>,
    device: string,
  ): void {
    switch (message.name) {
      case 'htos_update_motor_position':
      case 'htos_motor_move_completed':
        this.#onPosition(device, message.position, message.status);
        break;
      case 'htos_configure_device':
        this.#onPosition(device, numberOf(message.values[0] ?? '') ?? 0, 'normal');
        break;
      case 'htos_report_shutter_state':
        this.#value(device, SHUTTER, Buffer.of(SHUTTER_NAMES.indexOf(message.state)));
        break;
      case 'htos_get_encoder_completed':
      case 'htos_set_encoder_completed':
        this.#value(device, ENCODER, doubles(message.position));
        break;
      case 'htos_set_string_completed':
        this.#value(device, STRING, jsonBytes({ contents: message.contents }));
        break;
      case 'htos_operation_update':
      case 'htos_operation_completed':
        this.#onOperation(message);
        break;
      case 'htos_send_configuration':
        this.#configureAgain(device);
    }
    this.#runs.onMessage(message);
  }

  #onPosition(device: string, position: number, status: string): void {
    this.#positions.set(device, position);
    const known = (MOTOR_STATUSES as readonly string[]).indexOf(status);
    const unknown = MOTOR_STATUSES.indexOf('unknown');
    this.#value(device, MOTOR, Buffer.concat([doubles(position), Buffer.of(known < 0 ? unknown : known)]));
  }

  #onOperation(
    message: Extract<FromHardware, { name: 'htos_operation_update' | 'htos_operation_completed' }>,
  ): void {
    const status = message.name === 'htos_operation_completed' ? message.status : 'update';
    const { device: operation, handle, text } = message;
    this.#report(this.#address, OPERATION, jsonBytes({ operation, handle, status, text }));
  }

  /** `0 channel reason` is an error. */
  #onIonChambers(seconds: number, readings: readonly string[]): void {
    for (let at = 0; at + 1 < readings.length; at += 2) {
      const [channel = '', counted = ''] = readings.slice(at, at + 2);
      const counts = seconds > 0 ? numberOf(counted) : undefined;
      if (!this.#devices.has(channel)) this.#counts.add('unknownDevice');
      else if (counts !== undefined) this.#value(channel, ION_CHAMBER, doubles(counts, seconds));
      this.#runs.onReading(channel, counts, counted);
    }
  }

  #configureAgain(name: string): void {
    const device = this.#devices.get(name);
    const [, configuration] = device ? registrationOf(device, this.#positions.get(name) ?? 0) : [];
    if (configuration !== undefined && tokensOf(configuration).length > 1) this.#options.send(configuration);
  }

  #value(device: string, type: DataType, bytes: Buffer): void {
    if (this.#devices.get(device)?.kind === 'operation') this.#counts.add('unknownDevice');
    else this.#report(addressOfId(idOf(device)), type, bytes);
  }

  #report(address: number, type: DataType, bytes: Buffer): void {
    this.#counts.add('values');
    this.#source.report(address, type, bytes);
  }
}

function doubles(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, index * 8);
  return bytes;
}

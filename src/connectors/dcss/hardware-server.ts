/** What DCSS asks for, message by message, and who answers. */
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import type { Log } from '../../base/log.js';
import { cleanToken, cutWords, wordsOf } from '../../codecs/dcss/text.js';
import { readToHardware, type ToHardware } from '../../codecs/dcss/to-hardware.js';
import type { Drives } from './drives/drive.js';
import { Instruments } from './instruments.js';
import { Motors } from './motors.js';
import { type Operation, Operations } from './operations.js';
import type { Speaker } from './say.js';

export interface HardwareServerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly speaker: Speaker;
  readonly drives: Drives;
  readonly findOperation: (name: string) => Operation | undefined;
  /** Sender of its lines in the log of DCSS. */
  readonly sender: string;
}

/** Of all kinds. */
const MAX_REGISTERED = 1000;
const COUNTS = ['unknown', 'malformed', 'unregistered', 'tooManyNames'] as const;

export class HardwareServer {
  readonly #options: HardwareServerOptions;
  readonly #operations: Operations;
  readonly #motors: Motors;
  readonly #instruments: Instruments;
  readonly #registered = new Set<string>();
  readonly #counts = new Counters(COUNTS);
  /** What was under way when a connection ended: DCSS learns of it on the next one. */
  #interrupted: readonly string[] = [];

  constructor(options: HardwareServerOptions) {
    const { clock, log, speaker, drives, findOperation: find } = options;
    this.#options = options;
    this.#operations = new Operations({ clock, log, speaker, find });
    this.#motors = new Motors(clock, speaker);
    this.#instruments = new Instruments(clock, speaker, drives);
  }

  counters() {
    return {
      registered: this.#registered.size,
      ...this.#counts.snapshot(),
      operations: this.#operations.counters(),
      motors: this.#motors.counters(),
      instruments: this.#instruments.counters(),
    };
  }

  onMessage(text: string): void {
    const message = readToHardware(text);
    if (this.#interrupted.length > 0) this.#reportInterrupted();
    if (typeof message !== 'string') this.#onMessage(message);
    else {
      this.#counts.add(message);
      this.#options.log.debug('%s message: %s', message, text.slice(0, 200));
    }
  }

  /** DCSS is gone: nobody waits any more for what is under way. */
  onLost(): void {
    const interrupted = [...this.#operations.forgetAll(), ...this.#motors.forgetAll()];
    this.#instruments.forgetAll();
    this.#registered.clear();
    if (interrupted.length === 0) return;
    this.#interrupted = interrupted;
    this.#options.log.warn(
      'interrupted',
      `the connection to DCSS ended during ${interrupted.length} operations and moves: ${interrupted.slice(0, 5).join(', ')}`,
    );
  }

  /** A line in the log of DCSS. */
  logLine(level: 'note' | 'warning', text: string): void {
    const { speaker } = this.#options;
    const sender = cleanToken(this.#options.sender);
    const room = speaker.room - `htos_log ${level} ${sender} `.length;
    speaker.say({ name: 'htos_log', level, sender, text: cutWords(wordsOf(text), room) });
  }

  #reportInterrupted(): void {
    const what = this.#interrupted.slice(0, 5).join(', ');
    this.logLine(
      'warning',
      `interrupted by the loss of the connection: ${this.#interrupted.length}: ${what}`,
    );
    this.#interrupted = [];
  }

  #onMessage(message: ToHardware): void {
    if (message.name.startsWith('stoh_register_')) this.#register(message);
    else if (message.name.startsWith('stoh_configure_')) this.#configure(message);
    else if (!this.#carryOut(message)) this.#counts.add('unregistered');
  }

  #register(message: ToHardware): void {
    if (!('device' in message)) return;
    const { device } = message;
    if (!this.#registered.has(device) && this.#registered.size >= MAX_REGISTERED) {
      this.#counts.add('tooManyNames');
      return;
    }
    this.#registered.add(device);
    const { drives } = this.#options;
    switch (message.name) {
      case 'stoh_register_real_motor':
      case 'stoh_register_pseudo_motor':
        this.#motors.register(device, drives.motor(device));
        return;
      case 'stoh_register_shutter':
        this.#instruments.registerShutter(device, message.state);
        return;
      case 'stoh_register_ion_chamber':
        this.#instruments.registerIonChamber(device);
        return;
      case 'stoh_register_encoder':
        this.#instruments.registerEncoder(device);
        return;
      case 'stoh_register_string':
        this.#instruments.registerString(device);
    }
  }

  #configure(message: ToHardware): void {
    switch (message.name) {
      case 'stoh_configure_real_motor':
      case 'stoh_configure_pseudo_motor':
        this.#motors.configure(message);
        return;
      case 'stoh_configure_string':
        this.#instruments.configureString(message.device, message.contents);
        return;
      case 'stoh_configure_encoder':
        this.#instruments.configureEncoder(message.device, message.position);
    }
  }

  /** False for a name that is not registered. */
  #carryOut(message: ToHardware): boolean {
    const [motors, instruments, operations] = [this.#motors, this.#instruments, this.#operations];
    switch (message.name) {
      case 'stoh_start_motor_move':
        return motors.move(message.device, message.destination);
      case 'stoh_abort_motor_move':
        return motors.abort(message.device);
      case 'stoh_set_motor_position':
        return motors.define(message.device, message.position);
      case 'stoh_correct_motor_position':
        return motors.correct(message.device, message.by);
      case 'stoh_set_shutter_state':
        return instruments.setShutter(message.device, message.state);
      case 'stoh_read_ion_chambers':
        instruments.readIonChambers(message.seconds, message.repeat, message.channels);
        return true;
      case 'stoh_start_oscillation':
        return this.#oscillate(message.device, message.shutter, message.delta, message.seconds);
      case 'stoh_start_vector_move': {
        const { device, second, destination, secondDestination, speed } = message;
        motors.move(second, String(secondDestination), undefined, speed);
        return motors.move(device, String(destination), undefined, speed);
      }
      case 'stoh_stop_vector_move':
        motors.abort(message.second ?? '');
        return motors.abort(message.device);
      case 'stoh_change_vector_speed':
        motors.setSpeed(message.second, message.speed);
        return motors.setSpeed(message.device, message.speed);
      case 'stoh_start_operation':
        operations.start(message.device, message.handle, message.arguments);
        return true;
      case 'stoh_stop_operation':
        operations.stop(message.device);
        return true;
      case 'stoh_get_encoder':
        return instruments.getEncoder(message.device);
      case 'stoh_set_encoder':
        return instruments.setEncoder(message.device, message.position);
      case 'stoh_set_string':
        return instruments.setString(message.device, message.contents);
      case 'stoh_abort_all':
        operations.abortAll();
        motors.abortAll();
        instruments.abortAll();
        return true;
      default:
        // Dependencies and children: nothing here depends on them.
        return true;
    }
  }

  /** The shutter is open while the motor turns. */
  #oscillate(motor: string, shutter: string, delta: number, seconds: number): boolean {
    const from = this.#motors.positionOf(motor);
    if (from === undefined || !(seconds > 0)) return this.#motors.move(motor, 'unknown');
    this.#instruments.setShutter(shutter, 'open');
    return this.#motors.move(
      motor,
      String(from + delta),
      () => this.#instruments.setShutter(shutter, 'closed'),
      Math.abs(delta) / seconds,
    );
  }
}

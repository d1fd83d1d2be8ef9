/** Moves: `started → position (2/s or more) → completed`, each completed once. */
import { type CancelTimer, type Clock, every } from '../../base/clock.js';
import { numberOf } from '../../codecs/dcss/fields.js';
import type { MotorStatus } from '../../codecs/dcss/from-hardware.js';
import type { ToHardwareNamed } from '../../codecs/dcss/to-hardware.js';
import type { Motor } from './drives/drive.js';
import type { Speaker } from './say.js';

const UPDATE_MS = 400;
const HOME = 'home';

interface Limits {
  readonly upper: number;
  readonly lower: number;
  readonly upperOn: boolean;
  readonly lowerOn: boolean;
  readonly isLocked: boolean;
}

interface MotorState {
  readonly name: string;
  readonly drive: Motor | undefined;
  limits: Limits | undefined;
  /** While it moves. */
  cancelUpdates: CancelTimer | undefined;
  onEnd: (status: MotorStatus) => void;
}

type Configured = ToHardwareNamed<'stoh_configure_real_motor' | 'stoh_configure_pseudo_motor'>;

export class Motors {
  readonly #clock: Clock;
  readonly #speaker: Speaker;
  readonly #motors = new Map<string, MotorState>();
  readonly #counts = { moves: 0, refused: 0, interrupted: 0 };

  constructor(clock: Clock, speaker: Speaker) {
    this.#clock = clock;
    this.#speaker = speaker;
  }

  counters() {
    const moving = [...this.#motors.values()].filter(({ cancelUpdates }) => cancelUpdates).length;
    return { moving, ...this.#counts };
  }

  /** DCSS has it. Without a drive, moves are completed with `unknown`. */
  register(name: string, drive: Motor | undefined): void {
    if (this.#motors.has(name)) return;
    this.#motors.set(name, { name, drive, limits: undefined, cancelUpdates: undefined, onEnd: () => {} });
  }

  configure({ device, position, upper, lower, upperOn, lowerOn, lockOn }: Configured): void {
    const motor = this.#motors.get(device);
    if (!motor) return;
    motor.limits = { upper, lower, upperOn, lowerOn, isLocked: lockOn };
    if (!motor.cancelUpdates) motor.drive?.configure(position);
  }

  /** False for a motor that is not registered. */
  move(
    name: string,
    destination: string,
    onEnd: (status: MotorStatus) => void = () => {},
    speed?: number,
  ): boolean {
    const motor = this.#motors.get(name);
    if (!motor) return false;
    const target = destination === HOME ? 0 : numberOf(destination);
    const refusal = whyRefused(motor, target);
    if (refusal === undefined && motor.drive && target !== undefined) {
      this.#begin(motor, motor.drive, target, onEnd, speed);
      return true;
    }
    this.#counts.refused++;
    this.#complete(motor, refusal ?? 'unknown');
    onEnd(refusal ?? 'unknown');
    return true;
  }

  positionOf(name: string): number | undefined {
    return this.#motors.get(name)?.drive?.position;
  }

  abort(name: string): boolean {
    const motor = this.#motors.get(name);
    if (motor?.cancelUpdates) motor.drive?.stop();
    return motor !== undefined;
  }

  abortAll(): void {
    for (const name of this.#motors.keys()) this.abort(name);
  }

  setSpeed(name: string, speed: number): boolean {
    const motor = this.#motors.get(name);
    motor?.drive?.setSpeed(speed);
    return motor !== undefined;
  }

  /** Defines the position, without motion. */
  define(name: string, position: number): boolean {
    const motor = this.#motors.get(name);
    if (!motor) return false;
    const isDone = !motor.cancelUpdates && (motor.drive?.define(position) ?? false);
    this.#update(motor, isDone ? 'normal' : this.#statusOf(motor));
    return true;
  }

  correct(name: string, by: number): boolean {
    const motor = this.#motors.get(name);
    if (!motor) return false;
    this.#speaker.say({ name: 'htos_motor_correct_started', device: name });
    return this.define(name, (motor.drive?.position ?? 0) + by);
  }

  /** DCSS is gone: what moves is stopped, and nothing is reported. Returns the names of those. */
  forgetAll(): string[] {
    const moving = [...this.#motors.values()].filter(({ cancelUpdates }) => cancelUpdates);
    this.#counts.interrupted += moving.length;
    for (const { drive } of moving) drive?.stop();
    this.#motors.clear();
    return moving.map(({ name }) => name);
  }

  #begin(
    motor: MotorState,
    drive: Motor,
    target: number,
    onEnd: (status: MotorStatus) => void,
    speed?: number,
  ): void {
    this.#counts.moves++;
    this.#speaker.say({ name: 'htos_motor_move_started', device: motor.name, destination: target });
    motor.cancelUpdates = every(this.#clock, UPDATE_MS, () => this.#update(motor, 'moving'));
    motor.onEnd = onEnd;
    drive.move(target, (status) => this.#end(motor, status), speed);
  }

  #end(motor: MotorState, status: MotorStatus): void {
    if (!motor.cancelUpdates) return;
    motor.cancelUpdates();
    motor.cancelUpdates = undefined;
    this.#complete(motor, status);
    motor.onEnd(status);
  }

  #complete({ name, drive }: MotorState, status: MotorStatus): void {
    const position = drive?.position ?? 0;
    this.#speaker.say({ name: 'htos_motor_move_completed', device: name, position, status });
  }

  #update({ name, drive }: MotorState, status: MotorStatus): void {
    const position = drive?.position ?? 0;
    const message = { name: 'htos_update_motor_position', device: name, position, status } as const;
    this.#speaker.say(message, `position ${name}`);
  }

  #statusOf({ cancelUpdates, drive }: MotorState): MotorStatus {
    if (cancelUpdates) return 'moving';
    return drive?.position === undefined ? 'unknown' : 'normal';
  }
}

function whyRefused(
  { drive, limits, cancelUpdates }: MotorState,
  target: number | undefined,
): MotorStatus | undefined {
  if (!drive || target === undefined) return 'unknown';
  if (cancelUpdates) return 'moving';
  if (limits?.isLocked) return 'locked';
  const isBeyond =
    limits && ((limits.upperOn && target > limits.upper) || (limits.lowerOn && target < limits.lower));
  return isBeyond ? 'sw_limit' : undefined;
}

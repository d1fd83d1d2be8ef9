/** Devices that do not exist: for trying. */
import { type CancelTimer, type Clock, every } from '../../../base/clock.js';
import type { MotorStatus } from '../../../codecs/dcss/from-hardware.js';
import type { ShutterState } from '../../../codecs/dcss/to-hardware.js';
import type { Encoder, IonChamber, Motor, Shutter, StringDevice } from './drive.js';

const STEP_MS = 100;
/** Units/s. */
const SPEED = 10;
const COUNTS_PER_SECOND = 10_000;
/** Part of the counts. */
const NOISE = 0.02;

interface Move {
  readonly destination: number;
  readonly onEnd: (status: MotorStatus) => void;
  readonly cancel: CancelTimer;
}

export class VirtualMotor implements Motor {
  readonly #clock: Clock;
  #position = 0;
  #speed = SPEED;
  #move: Move | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get position(): number {
    return this.#position;
  }

  move(destination: number, onEnd: (status: MotorStatus) => void, speed = SPEED): void {
    this.#speed = speed;
    const cancel = every(this.#clock, STEP_MS, () => this.#step());
    this.#move = { destination, onEnd, cancel };
  }

  stop(): void {
    this.#end('aborted');
  }

  define(position: number): boolean {
    this.#position = position;
    return true;
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
  }

  configure(position: number): void {
    if (!this.#move) this.#position = position;
  }

  #step(): void {
    const move = this.#move;
    if (!move) return;
    const left = move.destination - this.#position;
    const step = (this.#speed * STEP_MS) / 1000;
    if (Math.abs(left) <= step) {
      this.#position = move.destination;
      this.#end('normal');
    } else this.#position += Math.sign(left) * step;
  }

  #end(status: 'normal' | 'aborted'): void {
    const move = this.#move;
    this.#move = undefined;
    move?.cancel();
    move?.onEnd(status);
  }
}

export class VirtualShutter implements Shutter {
  #state: ShutterState;

  constructor(state: ShutterState) {
    this.#state = state;
  }

  get state(): ShutterState {
    return this.#state;
  }

  set(state: ShutterState): Promise<string> {
    this.#state = state;
    return Promise.resolve('normal');
  }
}

export function virtualIonChamber(random: () => number): IonChamber {
  return {
    read: (seconds) => Math.round(seconds * COUNTS_PER_SECOND * (1 + NOISE * (random() * 2 - 1))),
  };
}

export class VirtualEncoder implements Encoder {
  position = 0;

  set(position: number): boolean {
    this.position = position;
    return true;
  }
}

export class VirtualString implements StringDevice {
  contents = '';

  set(contents: string): boolean {
    this.contents = contents;
    return true;
  }

  watch(): () => void {
    return () => {};
  }
}

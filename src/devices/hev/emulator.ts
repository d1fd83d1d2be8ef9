/**
 * The microcontroller's end of the serial line, without hardware: plays a dump file, or breathes by a model. As a link of
 * its own inside the gateway, and on a pseudo-terminal for other servers.
 */
import type { CancelTimer, Clock } from '../../base/clock.js';
import type { AddressClass } from '../../codecs/hev/frame.js';
import { decodePayload, encodePayload, type Payload } from '../../codecs/hev/payload.js';
import type { LinkHandlers, OpenLink } from '../../link/link.js';
import { BreathingModel, STEP_MS } from './breathing-model.js';
import { SerialSession } from './serial-session.js';

/** The microcontroller sends one frame in 10 ms at most, and waits longer for an acknowledgement than the host. */
const PACE_MS = 10;
const RESEND_MS = 100;
/** Between the end of a dump and its next pass. */
const PASS_GAP_MS = 10;
/** Payloads of a dump that wait for the line, which is slower than a burst of one time: none may be displaced. */
const MAX_WAITING = 16;

export interface EmulatorOptions {
  readonly clock: Clock;
  /** 0–1. */
  readonly random: () => number;
  /** Payloads to play for ever; none: the model breathes. */
  readonly dump?: readonly Payload[] | undefined;
  /** Bytes to the data server. */
  readonly write: (bytes: Buffer) => void;
}

export class HevEmulator {
  readonly session: SerialSession;
  readonly #options: EmulatorOptions;
  readonly #model: BreathingModel;
  #cancel: CancelTimer = () => {};
  #nextAt = 0;

  constructor(options: EmulatorOptions) {
    const { clock, random, write } = options;
    this.#options = options;
    this.#model = new BreathingModel({ random, send: (payload, address) => this.#send(payload, address) });
    this.session = new SerialSession({
      clock,
      write,
      paceMs: PACE_MS,
      resendMs: RESEND_MS,
      onPayload: (bytes) => this.#onPayload(bytes),
    });
  }

  start(): void {
    const { dump, clock } = this.#options;
    this.#nextAt = clock.monotonic();
    if (dump && dump.length > 0) this.#play(dump, 0, 0);
    else this.#breathe();
  }

  stop(): void {
    this.#cancel();
    this.session.reset();
  }

  /** Bytes from the data server. */
  push(chunk: Uint8Array): void {
    this.session.push(chunk);
  }

  #onPayload(bytes: Buffer): void {
    const payload = decodePayload(bytes);
    if (typeof payload !== 'string' && !this.#options.dump) this.#model.receive(payload);
  }

  #breathe(): void {
    this.#model.step();
    this.#after(STEP_MS, () => this.#breathe());
  }

  /** Pauses are the differences of the time stamps; a time that goes back has no pause. */
  #play(dump: readonly Payload[], index: number, shiftMs: number): void {
    const [payload, next] = [dump[index], dump[index + 1]];
    if (!payload) return;
    if (this.session.waiting >= MAX_WAITING) {
      this.#after(PACE_MS, () => this.#play(dump, index, shiftMs));
      return;
    }
    this.#send({ ...payload, timestamp: (payload.timestamp + shiftMs) >>> 0 }, addressOf(payload));
    if (next) {
      const pause = Math.max(0, next.timestamp - payload.timestamp);
      this.#after(pause, () => this.#play(dump, index + 1, shiftMs));
      return;
    }
    const span = Math.max(0, payload.timestamp - (dump[0]?.timestamp ?? 0)) + PASS_GAP_MS;
    this.#after(PASS_GAP_MS, () => this.#play(dump, 0, shiftMs + span));
  }

  /** Counted from when the last was due, so that late timers do not add up. */
  #after(ms: number, task: () => void): void {
    const { clock } = this.#options;
    this.#nextAt = Math.max(this.#nextAt + ms, clock.monotonic() - 1000);
    this.#cancel = clock.after(Math.max(0, this.#nextAt - clock.monotonic()), task);
  }

  #send({ type, timestamp, values }: Payload, address: AddressClass): void {
    this.session.send(address, encodePayload(type, values, timestamp));
  }
}

function addressOf({ type }: Payload): AddressClass {
  if (type === 'ALARM') return 'alarm';
  return type === 'CMD' ? 'command' : 'data';
}

/** The emulator as a link of the gateway. */
export function openEmulator(options: Omit<EmulatorOptions, 'write'>): OpenLink {
  return async (handlers: LinkHandlers) => {
    let isClosed = false;
    const later = (task: () => void) => setImmediate(() => !isClosed && task());
    const emulator = new HevEmulator({
      ...options,
      write: (bytes) => later(() => handlers.onBytes(bytes)),
    });
    later(() => emulator.start());
    return {
      name: options.dump ? 'emulator (dump file)' : 'emulator',
      write: async (bytes) => void later(() => emulator.push(bytes)),
      close: async () => {
        isClosed = true;
        emulator.stop();
      },
    };
  };
}

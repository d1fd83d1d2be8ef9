/**
 * The link layer of the ventilator's serial line, for either end. One counter of sequence numbers for each direction, one
 * frame under way; alarms go before commands, commands before data.
 */
import type { CancelTimer, Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import {
  type AddressClass,
  encodeHevFrame,
  HEV_DROP_REASONS,
  type HevDropReason,
  type HevFrame,
  HevFrameDecoder,
  MAX_INFO_LENGTH,
  SEQUENCE_NUMBERS,
} from '../../codecs/hev/frame.js';

/** The order in which the queues are emptied. */
const PRIORITY: readonly AddressClass[] = ['alarm', 'command', 'data'];
/** Payloads that wait for each address; of more, the oldest goes. */
const QUEUE_LENGTH = 32;
const RESEND_MS = 15;
const MAX_TRANSMISSIONS = 10;
/** After this many wrong numbers in a row the other side has restarted: the number that comes next is taken. */
const MAX_MISMATCHES = 20;

/** How the sending of a payload ended. */
export type SendOutcome = 'acknowledged' | 'unanswered' | 'displaced' | 'linkLost';

export interface SerialSessionOptions {
  readonly clock: Clock;
  /** Puts a frame on the line; a failure shows as a frame that is not acknowledged. */
  readonly write: (frame: Buffer) => void;
  /** A payload with the right number, once. It is acknowledged already. */
  readonly onPayload: (payload: Buffer, address: AddressClass) => void;
  /** Something that is a frame was read: the other side is there. */
  readonly onFrame?: () => void;
  /** Default 15 ms. */
  readonly resendMs?: number;
  /** From any transmission to the next frame with a payload. Default 0. */
  readonly paceMs?: number;
}

interface Sending {
  readonly address: AddressClass;
  readonly payload: Buffer;
  readonly onEnd: (outcome: SendOutcome) => void;
}

const COUNTED = [
  'received',
  'mismatched',
  'resynchronized',
  'acknowledged',
  'resent',
  'unanswered',
  'displaced',
  'strayAcknowledgements',
  'refusals',
] as const;

export class SerialSession {
  readonly drops = new Counters<HevDropReason>(Object.keys(HEV_DROP_REASONS) as HevDropReason[]);
  readonly counts = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #options: SerialSessionOptions;
  readonly #decoder: HevFrameDecoder;
  readonly #queues: Readonly<Record<AddressClass, Sending[]>> = { alarm: [], command: [], data: [] };
  #underWay: { readonly sending: Sending; transmissions: number } | undefined;
  #cancelTimer: CancelTimer | undefined;
  #sendNumber = 0;
  #expected = 0;
  #mismatches = 0;
  #lastWriteAt = Number.NEGATIVE_INFINITY;

  constructor(options: SerialSessionOptions) {
    this.#options = options;
    this.#decoder = new HevFrameDecoder({
      onFrame: (frame) => this.#onFrame(frame),
      onDrop: (reason) => this.drops.add(reason),
    });
  }

  /** Bytes from the line. */
  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  /** Sends a payload, 121 bytes at most, when its turn comes. `onEnd` is called once. */
  send(address: AddressClass, payload: Buffer, onEnd: Sending['onEnd'] = () => {}): void {
    if (payload.length > MAX_INFO_LENGTH) throw new RangeError(`${payload.length} bytes do not fit a frame`);
    const queue = this.#queues[address];
    queue.push({ address, payload, onEnd });
    if (queue.length > QUEUE_LENGTH) this.#finish(queue.shift(), 'displaced');
    this.#sendNext();
  }

  /** Payloads that wait, on all addresses. */
  get waiting(): number {
    return PRIORITY.reduce((sum, address) => sum + this.#queues[address].length, 0);
  }

  /** The line was opened again, or lost: everything that waits ends, and both numbers start from 0. */
  reset(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const waiting = PRIORITY.flatMap((address) => this.#queues[address].splice(0));
    const ended = this.#underWay ? [this.#underWay.sending, ...waiting] : waiting;
    this.#underWay = undefined;
    this.#sendNumber = 0;
    this.#expected = 0;
    this.#mismatches = 0;
    this.#decoder.abandon();
    for (const sending of ended) sending.onEnd('linkLost');
  }

  #onFrame(frame: HevFrame): void {
    this.#options.onFrame?.();
    if (frame.kind === 'information') this.#onInformation(frame);
    else if (frame.kind === 'ack') this.#onAcknowledgement(frame);
    else this.counts.add('refusals');
  }

  #onInformation({ address, number, info }: HevFrame & { kind: 'information' }): void {
    if (number !== this.#expected && !this.#mayResynchronize()) {
      this.#write({ kind: 'nack', address, number: this.#expected });
      return;
    }
    this.#mismatches = 0;
    this.#expected = (number + 1) % SEQUENCE_NUMBERS;
    this.counts.add('received');
    this.#write({ kind: 'ack', address, number: this.#expected });
    this.#options.onPayload(info, address);
  }

  #mayResynchronize(): boolean {
    this.counts.add('mismatched');
    this.#mismatches++;
    if (this.#mismatches <= MAX_MISMATCHES) return false;
    this.counts.add('resynchronized');
    return true;
  }

  #onAcknowledgement({ address, number }: HevFrame): void {
    const next = (this.#sendNumber + 1) % SEQUENCE_NUMBERS;
    if (this.#underWay?.sending.address !== address || number !== next) {
      this.counts.add('strayAcknowledgements');
      return;
    }
    this.#sendNumber = next;
    this.#endUnderWay('acknowledged');
  }

  #endUnderWay(outcome: 'acknowledged' | 'unanswered'): void {
    const sending = this.#underWay?.sending;
    this.#underWay = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#finish(sending, outcome);
    this.#sendNext();
  }

  #finish(sending: Sending | undefined, outcome: Exclude<SendOutcome, 'linkLost'>): void {
    this.counts.add(outcome);
    sending?.onEnd(outcome);
  }

  #sendNext(): void {
    if (this.#underWay || this.#cancelTimer) return;
    const address = PRIORITY.find((candidate) => this.#queues[candidate].length > 0);
    if (!address) return;
    const waitMs = this.#lastWriteAt + (this.#options.paceMs ?? 0) - this.#options.clock.monotonic();
    if (waitMs > 0) {
      this.#cancelTimer = this.#options.clock.after(waitMs, () => this.#onPaced());
      return;
    }
    const sending = this.#queues[address].shift();
    if (!sending) return;
    this.#underWay = { sending, transmissions: 0 };
    this.#transmit();
  }

  #onPaced(): void {
    this.#cancelTimer = undefined;
    this.#sendNext();
  }

  #transmit(): void {
    if (!this.#underWay) return;
    const { sending, transmissions } = this.#underWay;
    if (transmissions === MAX_TRANSMISSIONS) {
      this.#endUnderWay('unanswered');
      return;
    }
    this.#underWay.transmissions++;
    if (transmissions > 0) this.counts.add('resent');
    const { clock, resendMs = RESEND_MS } = this.#options;
    this.#cancelTimer = clock.after(resendMs, () => this.#transmit());
    const { address, payload } = sending;
    this.#write({ kind: 'information', address, number: this.#sendNumber, info: payload });
  }

  #write(frame: HevFrame): void {
    this.#lastWriteAt = this.#options.clock.monotonic();
    this.#options.write(encodeHevFrame(frame));
  }
}

/**
 * The connection to DCSS: `greeting (200 bytes) → client type (200 bytes) → messages`, again and again. DCSS refuses a name
 * for 3 s after its last connection, and closes without a word if it does not know it.
 */
import type { CancelTimer, Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { encodeFixed, encodeMessage, type Protocol, roomFor } from '../../codecs/dcss/frame.js';
import { FrameReader, READ_FAULTS, type ReadFault, type Received } from '../../codecs/dcss/frame-reader.js';
import { type FromHardware, isAboutMotor, writeFromHardware } from '../../codecs/dcss/from-hardware.js';
import { isReadable, MAX_FIXED_TEXT } from '../../codecs/dcss/text.js';
import type { OpenLink } from '../../link/link.js';
import { LinkKeeper, type LinkStatus } from '../../link/link-keeper.js';
import { Outlet } from './outlet.js';

export interface ServerLinkOptions {
  readonly openLink: OpenLink;
  readonly clock: Clock;
  readonly random: () => number;
  /** As in the data base of DCSS. */
  readonly name: string;
  readonly protocol: Protocol | 'auto';
  /** Characters of one message. */
  readonly maxText: number;
}

export interface ServerLinkHandlers {
  onMessage(text: string): void;
  /** The connection has ended, or was never complete. */
  onLost(): void;
  onStatus(status: LinkStatus): void;
  /** DCSS does not keep to the protocol; the connection is made again. */
  onFault(why: string): void;
}

export const SERVER_PAUSES = { firstMs: 1000, longestMs: 10_000 };
const GREETING_MS = 10_000;
/** A message that has begun. */
const UNFINISHED_MS = 30_000;
/** Longer than the time for which DCSS refuses a name. */
const STEADY_AFTER_MS = 5000;
const GREETING = 'stoc_send_client_type';
const COUNTS = [
  'received',
  'sent',
  'notSent',
  'repeatedHandshakes',
  'binaryParts',
  'notGreeted',
  'full',
] as const;
const FAULTS = Object.keys(READ_FAULTS) as ReadFault[];

export class ServerLink {
  readonly #options: ServerLinkOptions;
  readonly #handlers: ServerLinkHandlers;
  readonly #keeper: LinkKeeper;
  readonly #outlet: Outlet;
  readonly #counts = new Counters(COUNTS);
  readonly #faults = new Counters<ReadFault>(FAULTS);
  #reader: FrameReader | undefined;
  #isGreeted = false;
  #connections = 0;
  #cancelWait: CancelTimer = () => {};
  /** For the rest of a message. */
  #isWatching = false;

  constructor(options: ServerLinkOptions, handlers: ServerLinkHandlers) {
    const { openLink, clock, random } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#outlet = new Outlet({
      write: (bytes) => this.#keeper.write(bytes),
      onFull: () => {
        this.#counts.add('full');
        this.#giveUp('DCSS does not read');
      },
    });
    this.#keeper = new LinkKeeper(
      { openLink, clock, random, steadyAfterMs: STEADY_AFTER_MS, pauses: SERVER_PAUSES },
      {
        onBytes: (chunk) => this.#onBytes(chunk),
        onOpened: () => this.#onOpened(),
        onLost: () => this.#onLost(),
        onStatus: (status) => handlers.onStatus(status),
      },
    );
  }

  get status(): LinkStatus {
    return this.#keeper.status;
  }

  /** Characters of one message: by the protocol, once it is known, and the setting. */
  get room(): number {
    return Math.min(roomFor(this.#reader?.protocol ?? 1), this.#options.maxText);
  }

  counters() {
    return {
      ...this.#counts.snapshot(),
      connections: this.#connections,
      coalesced: this.#outlet.coalesced,
      waitingBytes: this.#outlet.waitingBytes,
      faults: this.#faults.snapshot(),
      losses: this.#keeper.losses.snapshot(),
    };
  }

  start(): void {
    this.#keeper.start();
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  /**
   * Sends a message, unless DCSS could not read it. `key`: replaces a message with the same key that still waits.
   * Nothing is sent before DCSS has sent its first message: which protocol it speaks is not known, nor what it has.
   */
  send(message: FromHardware, key?: string): void {
    const protocol = this.#reader?.protocol;
    if (!this.#isGreeted || protocol === undefined) return;
    const text = writeFromHardware(message);
    const room = isAboutMotor(message) ? Math.min(this.room, MAX_FIXED_TEXT) : this.room;
    const isSendable = text.length <= room && isReadable(text);
    this.#counts.add(isSendable ? 'sent' : 'notSent');
    if (isSendable) this.#outlet.push(encodeMessage(text, protocol), key);
  }

  #onOpened(): void {
    const { protocol, clock } = this.#options;
    this.#isGreeted = false;
    this.#reader = new FrameReader({ protocol, fixedFirst: 1, prefixes: ['stoc_', 'stoh_'] });
    this.#cancelWait = clock.after(GREETING_MS, () => {
      this.#counts.add('notGreeted');
      this.#giveUp('no greeting');
    });
  }

  #onBytes(chunk: Buffer): void {
    const reader = this.#reader;
    const received = reader?.push(chunk) ?? [];
    for (const one of received) {
      if (reader !== this.#reader) return;
      this.#onReceived(one);
    }
    const hasBegun = received.length > 0 || !this.#isWatching;
    if (reader && reader === this.#reader && this.#isGreeted && hasBegun) this.#watch(reader);
  }

  #onReceived(received: Received): void {
    if ('fault' in received) {
      this.#faults.add(received.fault);
      this.#giveUp(READ_FAULTS[received.fault]);
      return;
    }
    if (!this.#isGreeted) this.#onFirst(received.text);
    else if (received.text.startsWith(GREETING)) this.#counts.add('repeatedHandshakes');
    else {
      this.#counts.add('received');
      if (received.binarySize > 0) this.#counts.add('binaryParts');
      this.#handlers.onMessage(received.text);
    }
  }

  #onFirst(text: string): void {
    if (!text.startsWith(GREETING)) {
      this.#counts.add('notGreeted');
      this.#giveUp('something other than DCSS is listening there');
      return;
    }
    this.#isGreeted = true;
    this.#connections++;
    this.#keeper.onHeard();
    this.#outlet.push(encodeFixed(`htos_client_is_hardware ${this.#options.name}`));
  }

  /** Half a message must not be waited for endlessly. */
  #watch(reader: FrameReader): void {
    this.#cancelWait();
    this.#isWatching = reader.isInside;
    if (!reader.isInside) return;
    this.#cancelWait = this.#options.clock.after(UNFINISHED_MS, () => this.#giveUp('half a message'));
  }

  #giveUp(why: string): void {
    this.#handlers.onFault(why);
    this.#keeper.giveUp(why);
  }

  #onLost(): void {
    this.#cancelWait();
    this.#isWatching = false;
    this.#reader = undefined;
    this.#isGreeted = false;
    this.#outlet.clear();
    this.#handlers.onLost();
  }
}

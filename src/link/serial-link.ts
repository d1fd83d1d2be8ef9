/**
 * A serial port as a `Link`: no flow control, locked against other programs.
 *
 * Each object is opened once: serialport's streams yield no data when reopened. The stream is ended by `close()`, never
 * by `destroy()`, which would leave the descriptor open and locked.
 */
import { type ErrorCallback, SerialPortStream } from '@serialport/stream';
import createDebug from 'debug';
import { type Clock, systemClock } from '../base/clock.js';
import { errorText, systemErrorCode } from '../base/errors.js';
import {
  type Link,
  type LinkDownReason,
  LinkError,
  type LinkHandlers,
  type ModemLines,
  type OpenLink,
} from './link.js';
import { type SerialBinding, serialBinding } from './serial-binding.js';

const log = createDebug('meshgate:uart');

/** How to set a modem line when the port is opened. */
export type LineLevel = 'keep' | 'on' | 'off';

export interface SerialLinkSettings {
  /** `/dev/ttyUSB0`, or a link to it such as one in /dev/serial/by-id. */
  readonly path: string;
  /** See `Link`. */
  readonly identity?: string | undefined;
  /** Bits per second. */
  readonly baud: number;
  /** Default: 8 data bits, no parity, 1 stop bit. */
  readonly dataBits?: 7 | 8 | undefined;
  readonly parity?: 'none' | 'even' | 'odd' | undefined;
  readonly stopBits?: 1 | 2 | undefined;
  /**
   * `keep` (default for both) changes neither line, so that opening does not reset the board. serialport can only set
   * both at once, so if one line is set, `keep` for the other means `on`, which is how Linux opens a port. On usual ESP32
   * boards `dtr: off` with `rts: on` holds the chip in reset.
   */
  readonly dtr?: LineLevel;
  readonly rts?: LineLevel;
  /** Time-out for one write, after which the link is closed. Default 2,000 ms. */
  readonly writeTimeoutMs?: number;
  /** Default 5,000 ms. */
  readonly openTimeoutMs?: number;
}

/** Replaced in tests. */
export interface SerialLinkOptions {
  readonly clock?: Clock;
  readonly binding?: SerialBinding;
}

/** 1,000 bytes take 87 ms at 115,200 baud: a port that accepts nothing for 2 s is stuck. */
const DEFAULT_WRITE_TIMEOUT_MS = 2_000;
/** Opening takes about a millisecond, but a faulty USB adapter can block it. */
const DEFAULT_OPEN_TIMEOUT_MS = 5_000;
/** Linux may delay closing a port for up to 30 s until all data is sent; `close` resolves after this time anyway. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Opens `settings.path`; if that fails, frees the port and rejects with a `LinkError`. */
export function openSerialLink(settings: SerialLinkSettings, options: SerialLinkOptions = {}): OpenLink {
  return async (handlers) => {
    const link = new SerialLink(settings, handlers, options);
    await link.open();
    return link;
  };
}

type SerialLinkState = 'awaitingOpen' | 'open' | 'ended';
type Settle = (error?: LinkError) => void;

export class SerialLink implements Link {
  readonly name: string;
  readonly identity: string | undefined;
  readonly #settings: SerialLinkSettings;
  readonly #handlers: LinkHandlers;
  readonly #clock: Clock;
  readonly #stream: SerialPortStream<SerialBinding>;
  /** Pending operations: each is settled once, by the port, its time-out or the end of the link. */
  readonly #waiting = new Set<Settle>();
  #state: SerialLinkState = 'awaitingOpen';
  #endedBy = new LinkError('stopped', 'the port is not open');
  #openingSettled: Promise<void> = Promise.resolve();
  #released: Promise<void> | undefined;
  #closeCalled = false;

  constructor(settings: SerialLinkSettings, handlers: LinkHandlers, options: SerialLinkOptions = {}) {
    this.name = settings.path;
    this.identity = settings.identity;
    this.#settings = settings;
    this.#handlers = handlers;
    this.#clock = options.clock ?? systemClock;
    this.#stream = createStream(settings, options.binding ?? serialBinding());
    this.#stream.on('error', (error) => log('%s: %s', this.name, errorText(error)));
    this.#stream.on('close', (error: unknown) => this.#onStreamClosed(error));
  }

  /** Call once. Rejects with a `LinkError`, with the reason `stopped` if `close()` is called first. */
  async open(): Promise<void> {
    const { openTimeoutMs = DEFAULT_OPEN_TIMEOUT_MS } = this.#settings;
    if (this.#state === 'ended') throw this.#endedBy;
    try {
      await this.#within(openTimeoutMs, 'openTimeout', (done) => this.#openStream(done));
    } catch (error) {
      if (!this.#stream.opening) await this.#release();
      throw error;
    }
  }

  write(bytes: Buffer): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(this.#endedBy);
    const { writeTimeoutMs = DEFAULT_WRITE_TIMEOUT_MS } = this.#settings;
    return this.#within(writeTimeoutMs, 'writeTimeout', (done) =>
      this.#stream.write(bytes, (error) => done(error ?? null)),
    );
  }

  /** Rejects with the system's error if there are no modem lines; the link stays open. */
  setLines({ dtr, rts }: ModemLines): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(this.#endedBy);
    return new Promise((resolve, reject) => {
      this.#stream.set({ brk: false, cts: false, dsr: false, dtr, rts }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  /** Resolves when the descriptor is closed, or after 2 s. */
  close(): Promise<void> {
    this.#closeCalled = true;
    this.#end('stopped', 'closed');
    return this.#release();
  }

  #openStream(done: ErrorCallback): void {
    this.#openingSettled = new Promise((settled) => {
      this.#stream.open((error) => {
        settled();
        if (error || this.#state === 'ended') done(error);
        else this.#setLines(done);
      });
    });
  }

  #setLines(done: ErrorCallback): void {
    const { dtr = 'keep', rts = 'keep' } = this.#settings;
    if (dtr === 'keep' && rts === 'keep') {
      this.#onOpened(done);
      return;
    }
    const lines = { brk: false, cts: false, dsr: false, dtr: dtr !== 'off', rts: rts !== 'off' };
    this.#stream.set(lines, (error) => {
      if (error && !isWithoutLines(error)) done(error);
      else this.#onOpened(done);
    });
  }

  #onOpened(done: ErrorCallback): void {
    if (this.#state !== 'awaitingOpen') return;
    this.#state = 'open';
    this.#stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    log('%s: open at %d baud', this.name, this.#settings.baud);
    done(null);
  }

  #onData(chunk: Buffer): void {
    if (this.#state === 'open') this.#handlers.onBytes(chunk);
  }

  /** Node also emits `close` when it destroys the stream after a failed write: the port is not closed yet then. */
  #onStreamClosed(error: unknown): void {
    if (!this.#stream.closing) this.#end('hungUp', error ? errorText(error) : 'the port was closed');
  }

  /** Runs one operation on the port with a time-out; rejects if the link ends first. */
  #within(ms: number, late: LinkDownReason, start: (done: ErrorCallback) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => this.#end(late, `timed out after ${ms} ms`));
      const settle: Settle = (error) => {
        cancel();
        this.#waiting.delete(settle);
        if (error) reject(error);
        else resolve();
      };
      this.#waiting.add(settle);
      start((error) => (error ? this.#fail(settle, error) : settle()));
    });
  }

  #fail(settle: Settle, error: Error): void {
    const reason = linkDownReason(error, this.#state === 'open' ? 'writeFailed' : 'openFailed');
    this.#end(reason, error.message);
    settle(this.#endedBy);
  }

  /** The only place where the link ends. Notifies the owner when the port is free. */
  #end(reason: LinkDownReason, detail: string): void {
    if (this.#state === 'ended') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'ended';
    this.#endedBy = new LinkError(reason, readable(this.name, detail));
    log('%s: %s (%s)', this.name, reason, detail);
    const discard = reason !== 'stopped' || this.#waiting.size > 0;
    const released = this.#release(discard);
    for (const settle of [...this.#waiting]) settle(this.#endedBy);
    if (wasOpen) void released.then(() => this.#notifyClosed());
  }

  #notifyClosed(): void {
    if (!this.#closeCalled) this.#handlers.onClosed(this.#endedBy.reason, this.#endedBy.message);
  }

  /** Frees the port, once; `discard` drops unsent data, which could otherwise delay closing. */
  #release(discard = false): Promise<void> {
    this.#released ??= new Promise((resolve) => {
      const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, resolve);
      void this.#freePort(discard).then(() => {
        cancel();
        resolve();
      });
    });
    return this.#released;
  }

  async #freePort(discard: boolean): Promise<void> {
    await this.#openingSettled;
    const stream = this.#stream;
    if (discard && stream.isOpen) await new Promise<void>((resolve) => stream.flush(() => resolve()));
    if (stream.isOpen || stream.closing) await closed(stream);
  }
}

function createStream(settings: SerialLinkSettings, binding: SerialBinding): SerialPortStream<SerialBinding> {
  return new SerialPortStream({
    binding,
    path: settings.path,
    baudRate: settings.baud,
    dataBits: settings.dataBits ?? 8,
    parity: settings.parity ?? 'none',
    stopBits: settings.stopBits ?? 1,
    rtscts: false,
    xon: false,
    xoff: false,
    hupcl: false,
    lock: true,
    autoOpen: false,
  });
}

/** Closes the stream unless it is closing already; resolves when its descriptor is closed. */
function closed(stream: SerialPortStream<SerialBinding>): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!stream.closing) resolve();
    };
    stream.on('close', check).on('error', check);
    if (stream.isOpen) stream.close(() => resolve());
  });
}

/** A pseudo-terminal has no modem lines (ENOTTY; EINVAL before Linux 5.13). */
function isWithoutLines(error: Error): boolean {
  return /Inappropriate ioctl|Invalid argument/.test(error.message);
}

const REASONS_BY_CODE: Readonly<Record<string, LinkDownReason>> = {
  ENOENT: 'noDevice',
  ENXIO: 'noDevice',
  ENODEV: 'noDevice',
  EACCES: 'noPermission',
  EPERM: 'noPermission',
  EBUSY: 'heldByAnother',
  EAGAIN: 'heldByAnother',
};

/** serialport's errors on opening have no code, only the system's text; the last two are from Windows. */
const REASONS_BY_TEXT: readonly (readonly [RegExp, LinkDownReason])[] = [
  [/No such (file|device)/, 'noDevice'],
  [/Permission denied|Operation not permitted/, 'noPermission'],
  [/Cannot lock port|resource busy|temporarily unavailable/, 'heldByAnother'],
  [/File not found/, 'noDevice'],
  [/Access denied/, 'heldByAnother'],
];

/**
 * The reason, from the closed list, for an error of serialport or of the system. `otherwise` is the step that failed:
 * once the port is open (`writeFailed`), a missing device is `hungUp` instead of `noDevice`.
 */
export function linkDownReason(error: unknown, otherwise: 'openFailed' | 'writeFailed'): LinkDownReason {
  if (error instanceof LinkError) return error.reason;
  if (otherwise === 'writeFailed') return isDisconnect(error) ? 'hungUp' : 'writeFailed';
  const byCode = REASONS_BY_CODE[systemErrorCode(error) ?? ''];
  return byCode ?? REASONS_BY_TEXT.find(([text]) => text.test(errorText(error)))?.[1] ?? otherwise;
}

function isDisconnect(error: unknown): boolean {
  return error instanceof Error && 'disconnect' in error && error.disconnect === true;
}

/** The system's text with the path in front, without serialport's "Error:", and clarified where it is misleading. */
function readable(path: string, detail: string): string {
  const text = detail.replace(/^Error:? /, '').replace(`, cannot open ${path}`, '');
  return /Inappropriate ioctl/.test(text) ? `${path}: not a serial device (${text})` : `${path}: ${text}`;
}

/**
 * The binding that opens serial ports. On Linux it wraps @serialport/bindings-cpp 13 to fix five faults:
 *
 * - If the device disappears while data flows, a read returns 0 bytes and is retried at once, for ever: 100 % CPU, no
 *   event. Here a read of 0 bytes is a hang-up.
 * - Its poller waits only for the event that was requested last. So a write that waits for room is forgotten when a
 *   read starts to wait for bytes, and continues only after the next byte from the device. Here both are requested.
 * - It reads and writes in the thread pool, and closes the descriptor while a read may still be running there, which
 *   can then take bytes from the next file with the same descriptor. The descriptor is non-blocking, so here it is read
 *   and written synchronously when the poller reports that it is ready.
 * - It makes a useless read after each successful one: most of the cost of a slow line. Here the poller is asked first.
 * - Its poller calls back outside of Node's callback scope. With Node 26, promises then wait for the next timer or other
 *   event, so received bytes could wait for seconds. Here a turn of the event loop is requested.
 */
import { readSync, writeSync } from 'node:fs';
import {
  autoDetect,
  type BindingInterface,
  type BindingPortInterface,
  BindingsError,
  LinuxBinding,
  type LinuxOpenOptions,
  type LinuxPortBinding,
  type LinuxPortStatus,
  type LinuxSetOptions,
  type OpenOptions,
  type UpdateOptions,
} from '@serialport/bindings-cpp';
import { errorText, systemErrorCode } from '../base/errors.js';

export type SerialBinding = BindingInterface<BindingPortInterface, OpenOptions>;

/** The device has disconnected. serialport marks such errors with `disconnect`. */
export class HangUpError extends Error {
  readonly disconnect = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HangUpError';
  }
}

/** The binding for this system: the fixed one on Linux, serialport's own elsewhere. */
export function serialBinding(platform: NodeJS.Platform = process.platform): SerialBinding {
  return platform === 'linux' ? fixedLinuxBinding : autoDetect();
}

const fixedLinuxBinding: BindingInterface<FixedLinuxPort, LinuxOpenOptions> = {
  list: () => LinuxBinding.list(),
  open: async (options) => new FixedLinuxPort(await LinuxBinding.open(options)),
};

type Readiness = 'readable' | 'writable';

/** Bits that request an event from the poller (libuv's UV_READABLE and UV_WRITABLE). */
const POLL_BITS: Readonly<Record<Readiness, number>> = { readable: 1, writable: 2 };

class FixedLinuxPort implements BindingPortInterface {
  readonly #port: LinuxPortBinding;
  #writing: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(port: LinuxPortBinding) {
    this.#port = port;
  }

  get openOptions(): Required<LinuxOpenOptions> {
    return this.#port.openOptions;
  }

  get isOpen(): boolean {
    return this.#port.isOpen && !this.#closing;
  }

  async read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
    for (;;) {
      await this.#wait('readable');
      const bytesRead = this.#attempt((fd) => readSync(fd, buffer, offset, length, null));
      if (bytesRead === 0) throw new HangUpError('the device hung up');
      if (bytesRead !== undefined) return { buffer, bytesRead };
    }
  }

  write(buffer: Buffer): Promise<void> {
    const writing = this.#writeAll(buffer);
    this.#writing = writing.catch(() => undefined);
    return writing;
  }

  async close(): Promise<void> {
    if (!this.isOpen) throw new Error('Port is not open');
    this.#closing = true;
    this.#port.poller.stop();
    await this.#port.close();
  }

  update(options: UpdateOptions): Promise<void> {
    return this.#port.update(options);
  }

  set(options: LinuxSetOptions): Promise<void> {
    return this.#port.set(options);
  }

  get(): Promise<LinuxPortStatus> {
    return this.#port.get();
  }

  getBaudRate(): Promise<{ baudRate: number }> {
    return this.#port.getBaudRate();
  }

  flush(): Promise<void> {
    return this.#port.flush();
  }

  async drain(): Promise<void> {
    await this.#writing;
    await this.#port.drain();
  }

  async #writeAll(buffer: Buffer): Promise<void> {
    let written = 0;
    while (written < buffer.length) {
      const more = this.#attempt((fd) => writeSync(fd, buffer, written));
      if (more === undefined) await this.#wait('writable');
      else written += more;
    }
  }

  /** Makes a non-blocking system call; undefined if the port is not ready. */
  #attempt(call: (fd: number) => number): number | undefined {
    const { fd } = this.#port;
    if (fd === null || this.#closing) throw canceled();
    try {
      return call(fd);
    } catch (error) {
      if (isNotReady(error)) return undefined;
      throw asHangUp(error);
    }
  }

  #wait(readiness: Readiness): Promise<void> {
    if (this.#closing) return Promise.reject(canceled());
    const { poller } = this.#port;
    return new Promise((resolve, reject) => {
      poller.once(readiness, (error) => {
        setImmediate(() => (error ? reject(asHangUp(error)) : resolve()));
      });
      poller.poll(bitsOf(poller, 'readable') | bitsOf(poller, 'writable'));
    });
  }
}

function bitsOf(poller: LinuxPortBinding['poller'], readiness: Readiness): number {
  return poller.listenerCount(readiness) > 0 ? POLL_BITS[readiness] : 0;
}

function canceled(): BindingsError {
  return new BindingsError('Canceled', { canceled: true });
}

const NOT_READY: readonly unknown[] = ['EAGAIN', 'EWOULDBLOCK', 'EINTR'];

function isNotReady(error: unknown): boolean {
  return NOT_READY.includes(systemErrorCode(error));
}

/** Errors of a device that is gone: EIO, ENXIO, ENODEV or, from the poller, only "bad file descriptor". */
const GONE = /\b(EIO|ENXIO|ENODEV|EBADF|UNKNOWN)\b|bad file descriptor/;

function asHangUp(error: unknown): unknown {
  if (error instanceof BindingsError) return error;
  const text = errorText(error);
  return GONE.test(text) ? new HangUpError(`the device hung up (${text})`, { cause: error }) : error;
}

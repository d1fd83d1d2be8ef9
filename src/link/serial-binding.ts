/**
 * What serial ports are opened with. On Linux, @serialport/bindings-cpp 13 is wrapped to mend five faults:
 *
 * - When the device goes away while data flows, a read gives 0 bytes and is tried again at once, for ever:
 *   100 % CPU, no event. Here a read of 0 bytes is a hang-up.
 * - Its poller awaits only what was asked for last, so that a write that awaits room is forgotten when a read
 *   begins to await bytes, and goes on only after the next byte from the device. Here both are asked for.
 * - It reads and writes in the thread pool, and closes the descriptor while a read may still be under way there,
 *   which can then take bytes from whatever got the same descriptor next. The descriptor does not block, so here it
 *   is read and written at once, when the poller says that it is ready.
 * - It reads in vain after each read that gave bytes: most of what a slow line costs. Here the poller is asked first.
 * - Its poller calls back outside of Node's callback scope. Up to Node 24 promises continue after that; with Node 26 they
 *   wait for the next timer or other event, so bytes could lie for seconds. Here a turn of the event loop is asked for.
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

/** The device went away. serialport's own mark for it is `disconnect`. */
export class HangUpError extends Error {
  readonly disconnect = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HangUpError';
  }
}

/** The binding for this system: the mended one on Linux, serialport's own elsewhere. */
export function serialBinding(platform: NodeJS.Platform = process.platform): SerialBinding {
  return platform === 'linux' ? mendedLinuxBinding : autoDetect();
}

const mendedLinuxBinding: BindingInterface<MendedLinuxPort, LinuxOpenOptions> = {
  list: () => LinuxBinding.list(),
  open: async (options) => new MendedLinuxPort(await LinuxBinding.open(options)),
};

type Readiness = 'readable' | 'writable';

/** The bits by which the poller is asked for an event (libuv's UV_READABLE and UV_WRITABLE). */
const POLL_BITS: Readonly<Record<Readiness, number>> = { readable: 1, writable: 2 };

class MendedLinuxPort implements BindingPortInterface {
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

  /** Makes a system call that does not block; undefined when the port is not ready for it. */
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

/** A device that is gone answers EIO, ENXIO, ENODEV or, from the poller, a bare "bad file descriptor". */
const GONE = /\b(EIO|ENXIO|ENODEV|EBADF|UNKNOWN)\b|bad file descriptor/;

function asHangUp(error: unknown): unknown {
  if (error instanceof BindingsError) return error;
  const text = errorText(error);
  return GONE.test(text) ? new HangUpError(`the device hung up (${text})`, { cause: error }) : error;
}

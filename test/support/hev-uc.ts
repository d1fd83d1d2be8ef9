import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import type { AddressClass } from '../../src/codecs/hev/frame.js';
import {
  decodePayload,
  encodePayload,
  type Payload,
  type PayloadName,
} from '../../src/codecs/hev/payload.js';
import { SerialSession } from '../../src/devices/hev/serial-session.js';
import { openPty, type Pty } from '../../src/simulator/pty.js';

/** What the line does to the frames of one direction; returns what arrives. */
export type LineFault = (frame: Buffer, index: number) => readonly Buffer[];

/** A microcontroller on a pseudo-terminal, which can be unplugged. It sends what the test says. */
export class HevUc {
  readonly path: string;
  /** Payloads of the host that it has carried out. */
  readonly received: Payload[] = [];
  readonly session: SerialSession;
  faultOfLine: LineFault = (frame) => [frame];
  readonly #directory: string;
  #pty: Pty | undefined;
  #frames = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'uc');
    this.session = new SerialSession({
      clock: systemClock,
      paceMs: 10,
      resendMs: 250,
      write: (frame) => {
        for (const bytes of this.faultOfLine(frame, this.#frames++)) this.#pty?.write(bytes);
      },
      onPayload: (bytes) => {
        const payload = decodePayload(bytes);
        if (typeof payload !== 'string') this.received.push(payload);
      },
    });
  }

  static async plugIn(): Promise<HevUc> {
    const uc = new HevUc(mkdtempSync(join(tmpdir(), 'meshgate-hev-')));
    await uc.plugInAgain();
    return uc;
  }

  async plugInAgain(): Promise<void> {
    this.session.reset();
    this.#pty = await openPty(this.path, {
      onBytes: (chunk) => this.session.push(chunk),
      onExit: () => {},
    });
  }

  /** The port hangs up, and its path is gone. */
  async unplug(): Promise<void> {
    await this.#pty?.close();
    this.#pty = undefined;
    this.session.reset();
  }

  async close(): Promise<void> {
    await this.unplug();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  send(
    type: PayloadName,
    values: Readonly<Record<string, number>> = {},
    timestamp = 0,
    address: AddressClass = 'data',
  ): Promise<string> {
    return new Promise((resolve) =>
      this.session.send(address, encodePayload(type, values, timestamp), resolve),
    );
  }

  /** Within 10 s. */
  async until(isSo: () => boolean): Promise<void> {
    for (let count = 0; !isSo(); count++) {
      if (count === 200) throw new Error(`it did not come; received: ${this.received.length}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  sendBytes(bytes: Buffer): void {
    this.#pty?.write(bytes);
  }
}

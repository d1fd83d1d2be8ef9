/** Hardware servers that connect to the gateway instead of a DCSS. */
import type { CancelTimer } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import { badDcss, type DcssSection, mayConnect, tcpAddressOf } from '../../config/sections/dcss.js';
import type { Device, DeviceOptions } from '../device.js';
import { DHS_ENDS, DhsServer } from './dhs-server.js';
import { HardwareSource, idOf } from './hardware-source.js';

const LISTEN_AGAIN_MS = 5000;

export class ServedHardware implements Device {
  readonly name = 'dcss';
  readonly #options: DeviceOptions;
  readonly #address: string;
  readonly #server: DhsServer;
  readonly #sources: ReadonlyMap<string, HardwareSource>;
  #cancelListen: CancelTimer = () => {};
  #isStopped = false;

  /** Throws `BAD_CONFIG`. */
  constructor(section: DcssSection, address: string, options: DeviceOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#address = address;
    this.#server = new DhsServer({
      clock,
      ...tcpAddressOf(address),
      protocol: section.protocol === 1 ? 1 : 2,
      mayConnect: (remote) => mayConnect(remote, section.allow),
      isKnown: (name) => section.dhs.includes(name),
      onReady: (name) => {
        log.info(`${name} has connected`, 'connected');
        this.#sources.get(name)?.onReady();
      },
      onText: (name, text) => this.#sources.get(name)?.onText(text),
      onEnd: (name, reason) => {
        log.warn(reason, `${name ?? 'a hardware server'} was disconnected: ${DHS_ENDS[reason]}`);
        if (name !== undefined) this.#sources.get(name)?.onLost(DHS_ENDS[reason]);
      },
    });
    const counters = () => ({ server: this.#server.counters() });
    this.#sources = new Map(
      section.dhs.map((name, index) => [
        name,
        this.#openSource(name, section, index === 0 ? counters : undefined),
      ]),
    );
  }

  start(): void {
    this.#server.listen().then(
      (port) => this.#options.log.info(`waiting for hardware servers on port ${port}`),
      (error: unknown) => {
        if (this.#isStopped) return;
        const { log, clock } = this.#options;
        log.warn('listen', `can't wait for hardware servers on ${this.#address}: ${errorText(error)}`);
        this.#cancelListen = clock.after(LISTEN_AGAIN_MS, () => this.start());
      },
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelListen();
    await this.#server.stop();
    for (const source of this.#sources.values()) source.close();
  }

  #openSource(
    name: string,
    { device }: DcssSection,
    counters: (() => Readonly<Record<string, unknown>>) | undefined,
  ): HardwareSource {
    const { hub, clock } = this.#options;
    const devices = device.filter(({ dhs }) => dhs === name);
    const send = (text: string) => this.#server.send(name, text);
    try {
      return new HardwareSource({ hub, clock, name, devices, send, counters });
    } catch (error) {
      throw badDcss('dhs', `${idOf(name)}: ${errorText(error)}`);
    }
  }
}

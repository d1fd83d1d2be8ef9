/**
 * A device source in 60 lines: a laboratory power supply that prints a line for each output on a TCP port: `2 12.05` =
 * output 2 has 12.05 V. Each output is a device: `psu:1`, `psu:2`.
 */
import { createConnection, type Socket } from 'node:net';
import type { Clock } from '../src/base/clock.js';
import type { GatewayHub } from '../src/hub/gateway-hub.js';
import type { Source } from '../src/hub/source.js';
import type { LinkStatus } from '../src/link/link-keeper.js';
import type { DataType } from '../src/protocol/data-types.js';

const FIRST_ADDRESS = 0x30000;
const TRY_AGAIN_MS = 5000;
const MAX_LINE = 256;

/** Like a parsed entry of data-types.json: one little-endian f32. */
const OUTPUT: DataType = {
  name: 'Output',
  id: 0x180,
  length: 4,
  varying: false,
  fields: [{ name: 'voltage', type: 'f32', littleEndian: true, size: 4, offset: 0, scale: 1, unit: 'V' }],
};

export class SupplyDevice {
  readonly #source: Source;
  readonly #counts = { lines: 0, badLines: 0 };
  #socket: Socket | undefined;
  #rest = '';
  #cancelTry = () => {};

  constructor(
    hub: GatewayHub,
    readonly clock: Clock,
    readonly settings: { readonly host: string; readonly port: number; readonly outputs: number },
  ) {
    this.#source = hub.openSource({ name: 'psu', kind: 'supply', counters: () => ({ psu: this.#counts }) });
    this.#source.declare([OUTPUT]);
    for (let output = 1; output <= settings.outputs; output++)
      this.#source.addDevice(FIRST_ADDRESS + output, `psu:${output}`);
  }

  start(): void {
    this.#setLink('opening');
    this.#rest = '';
    this.#socket = createConnection(this.settings, () => this.#setLink('up'));
    this.#socket.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#setLink('backingOff');
      this.#cancelTry = this.clock.after(TRY_AGAIN_MS, () => this.start());
    });
  }

  stop(): void {
    this.#cancelTry();
    this.#socket?.removeAllListeners('close').destroy();
    this.#source.close();
  }

  #setLink(state: LinkStatus['state']): void {
    this.#source.setLink({
      state,
      since: this.clock.now(),
      name: `${this.settings.host}:${this.settings.port}`,
    });
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const line of lines) this.#report(line);
  }

  #report(line: string): void {
    const [, output = '', volts = ''] = /^(\d{1,3}) (-?\d+(?:\.\d+)?)\r?$/.exec(line) ?? [];
    const isKnown = Number(output) >= 1 && Number(output) <= this.settings.outputs;
    this.#counts[isKnown ? 'lines' : 'badLines']++;
    if (!isKnown) return;
    const bytes = Buffer.alloc(OUTPUT.length);
    bytes.writeFloatLE(Number(volts));
    this.#source.report(FIRST_ADDRESS + Number(output), OUTPUT, bytes);
  }
}

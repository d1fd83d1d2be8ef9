import type { GatewayHub } from '../../src/hub/gateway-hub.js';
import type { Source } from '../../src/hub/source.js';
import type { LinkState } from '../../src/link/link-keeper.js';
import type { DataField, DataType } from '../../src/protocol/data-types.js';

const VOLTAGE: DataField = {
  name: 'voltage',
  type: 'u16',
  littleEndian: false,
  size: 2,
  offset: 0,
  scale: 0.01,
  unit: 'V',
};

/** A made-up power supply reports volts as a u16 of hundredths. */
export const SUPPLY: DataType = {
  name: 'Supply',
  id: 0x100,
  length: 2,
  varying: false,
  fields: [VOLTAGE],
};

/** A name as JSON, with a device time. */
export const NOTE: DataType = {
  name: 'Note',
  id: 0x101,
  length: 200,
  varying: true,
  fields: [],
  json: { fields: [] },
};

export const FIRST_SUPPLY = 0x10200;

/** Hundredths of a volt as a value of `SUPPLY`. */
export function centivolts(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** A second source beside the mesh: a bench with the power supplies `hv:1` … */
export class BenchSource {
  readonly source: Source;
  readonly #now: () => number;

  constructor(hub: GatewayHub, now: () => number = Date.now, supplies = 1) {
    this.#now = now;
    this.source = hub.openSource({ name: 'bench', kind: 'bench' });
    this.source.declare([SUPPLY, NOTE]);
    for (let index = 0; index < supplies; index++) {
      this.source.addDevice(FIRST_SUPPLY + index, `hv:${index + 1}`);
    }
  }

  link(state: LinkState): void {
    this.source.setLink({ state, since: this.#now() });
  }

  /** `hv:1` reports this many hundredths of a volt. */
  report(hundredths: number, address = FIRST_SUPPLY, at?: number): void {
    this.source.report(address, SUPPLY, centivolts(hundredths), at);
  }
}

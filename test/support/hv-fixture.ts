import { createLog } from '../../src/base/log.js';
import { type DataforgeSection, dataforgeSection } from '../../src/config/sections/dataforge.js';
import { HV_ADDRESS } from '../../src/devices/dataforge/hv-types.js';
import { dataforge } from '../../src/devices/dataforge/index.js';
import type { Device } from '../../src/devices/device.js';
import type { Delivery } from '../../src/hub/deliveries.js';
import type { OpenLink } from '../../src/link/link.js';
import { decodeValue } from '../../src/protocol/data-types.js';
import { settled } from './manual-clock.js';
import { NetworkFixture } from './network-fixture.js';

export const sectionOf = (settings: object): DataforgeSection => dataforgeSection.parse(settings);

const noPort: OpenLink = () => Promise.reject(new Error('no port'));

/** The device `hv:1` on a hub with a scripted root, with time by hand. `openLink`: by the name under which it is recorded. */
export class HvFixture {
  readonly mesh: NetworkFixture;
  readonly device: Device;

  private constructor(mesh: NetworkFixture, device: Device) {
    this.mesh = mesh;
    this.device = device;
  }

  static async start(settings: object, openLink?: (name: string) => OpenLink): Promise<HvFixture> {
    const mesh = await NetworkFixture.up({ refreshEveryMs: 0 });
    const { hub, clock } = mesh;
    const [device] =
      (await dataforge.create(sectionOf(settings), {
        hub,
        clock,
        log: createLog('dataforge', (line) => mesh.lines.push(line), clock),
        links: {
          serial: () => noPort,
          tcp: (_settings, name) => openLink?.(name) ?? noPort,
          record: (link) => link,
        },
        stateDirectory: undefined,
        random: () => 0.5,
      })) ?? [];
    if (!device) throw new Error('there is no device');
    device.start();
    await settled();
    return new HvFixture(mesh, device);
  }

  get hub() {
    return this.mesh.hub;
  }

  /** Moves time in steps of 100 ms, so that what is promised is carried out in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.mesh.clock.advance(Math.min(100, left));
      await settled();
    }
  }

  async command(name: string, values: Record<string, number>, owner = 'test'): Promise<Delivery> {
    const definition = this.hub.picture.findDevice(HV_ADDRESS)?.commands.find((one) => one.name === name);
    if (!definition) throw new Error(`no command ${name}`);
    const { id } = this.hub.commands.command({
      address: HV_ADDRESS,
      definition,
      arguments: values,
      by: { owner },
    });
    await settled();
    return this.delivery(id);
  }

  delivery(id: string): Delivery {
    const found = this.hub.commands.findDelivery(id);
    if (!found) throw new Error(`no delivery ${id}`);
    return found;
  }

  /** Values of a type that were reported, in order. */
  reported(type: string): number[] {
    return this.mesh.events.flatMap((event) => {
      if (event.kind !== 'value' || event.type.name !== type) return [];
      return Object.values(decodeValue(event.type, event.value.bytes)).map(({ value }) => Number(value));
    });
  }

  counters(): Record<string, unknown> {
    return (this.hub.counters() as { dataforge: Record<string, unknown> }).dataforge;
  }
}

import { createLog } from '../../src/base/log.js';
import { parseToml } from '../../src/base/toml.js';
import type { Device, DeviceLinks } from '../../src/devices/device.js';
import { addressOfId } from '../../src/devices/identity.js';
import { loadDevices } from '../../src/devices/load.js';
import { loadConfig } from '../../src/gateway/settings.js';
import type { HubEvent } from '../../src/hub/hub.js';
import type { LinkDownReason } from '../../src/link/link.js';
import { DataTypes, decodeValue } from '../../src/protocol/data-types.js';
import { type FakeLink, FakePort } from './fake-link.js';
import { settled } from './manual-clock.js';
import { NetworkFixture } from './network-fixture.js';
import { shippedTables } from './tables.js';

/** Devices of a page of TOML on a hub, with links of the test and time by hand. */
export class InstrumentFixture {
  readonly mesh: NetworkFixture;
  readonly port: FakePort;
  devices: readonly Device[] = [];
  link: FakeLink | undefined;

  private constructor(mesh: NetworkFixture) {
    this.mesh = mesh;
    this.port = new FakePort(mesh.clock);
  }

  /** Loaded, not started. Rejects with `BAD_CONFIG`. */
  static async load(toml: string): Promise<InstrumentFixture> {
    // Tables of its own, since declarations stay in them.
    const tables = { ...shippedTables, dataTypes: new DataTypes(shippedTables.dataTypes.all()) };
    const fixture = new InstrumentFixture(await NetworkFixture.up({ refreshEveryMs: 0 }, tables));
    const { hub, clock } = fixture.mesh;
    const open = () => fixture.port.open;
    const links: DeviceLinks = { serial: open, tcp: open, record: open };
    const logOf = (room: string) => createLog(room, () => {}, clock);
    const options = { hub, clock, logOf, links, stateDirectory: undefined, random: () => 0.5 };
    const config = loadConfig(parseToml(toml), undefined, {});
    fixture.devices = await loadDevices(config, options);
    return fixture;
  }

  /** The first device, with its link open. */
  static async open(toml: string): Promise<InstrumentFixture> {
    const fixture = await InstrumentFixture.load(toml);
    fixture.devices[0]?.start();
    await fixture.connect();
    return fixture;
  }

  async connect(): Promise<void> {
    this.link = this.port.latest.succeed();
    await settled();
  }

  /** The instrument prints; `text` has its line ends. */
  async say(text: string): Promise<void> {
    this.port.latest.handlers.onBytes(Buffer.from(text, 'utf8'));
    await settled();
  }

  async lose(reason: LinkDownReason = 'hungUp'): Promise<void> {
    this.port.latest.handlers.onClosed(reason, 'unplugged');
    await settled();
  }

  async pass(ms: number): Promise<void> {
    this.mesh.clock.advance(ms);
    await settled();
  }

  /** What was sent to the instrument since the link was opened. */
  get sent(): string[] {
    return this.link?.writes.map(({ bytes }) => bytes.toString()) ?? [];
  }

  /** The latest value of a type, decoded. */
  latest(type: string, id = 'dmm'): unknown {
    const view = this.mesh.hub.picture.findNode(addressOfId(id));
    const found = view?.latest.find((entry) => entry.type.name === type);
    return found && decodeValue(found.type, found.value.bytes);
  }

  get status(): string | undefined {
    return this.mesh.hub.picture.findNode(addressOfId('dmm'))?.status;
  }

  get counters(): Record<string, number> {
    const { device } = this.mesh.hub.counters() as unknown as {
      device: Record<string, Record<string, number>>;
    };
    return device.dmm ?? {};
  }

  /** Of open alarms: code of the device, or of the gateway, and whether they are active. */
  get alarms(): string[] {
    return this.mesh.hub.alarms.open().map(({ id, active }) => `${id}${active ? '' : ' (over)'}`);
  }

  async command(name: string, values: Record<string, string | number | boolean> = {}): Promise<string> {
    const { hub } = this.mesh;
    const address = addressOfId('dmm');
    const definition = hub.picture.findDevice(address)?.commands.find((known) => known.name === name);
    if (!definition) throw new Error(`no command ${name}`);
    const delivery = hub.commands.command({ address, definition, arguments: values, by: { owner: 'test' } });
    await settled();
    return delivery.id;
  }

  stages(id: string): string[] {
    return this.mesh.hub.commands.findDelivery(id)?.stages.map(({ stage }) => stage) ?? [];
  }

  events(): HubEvent[] {
    return this.mesh.events;
  }
}

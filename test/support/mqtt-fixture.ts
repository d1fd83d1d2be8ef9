import { createLog } from '../../src/base/log.js';
import { MqttConnector } from '../../src/connectors/mqtt/mqtt-connector.js';
import type { MqttSettings } from '../../src/connectors/mqtt/settings.js';
import type { Tables } from '../../src/protocol/message.js';
import { FakeBroker } from './fake-broker.js';
import { settled } from './manual-clock.js';
import { type MeshSettings, NetworkFixture } from './network-fixture.js';
import { FACTS } from './session-fixture.js';
import { shippedTables } from './tables.js';

export const MQTT_SETTINGS: MqttSettings = {
  url: 'mqtt://broker.test',
  prefix: 'farm',
  id: 'north',
  version: 'auto',
  user: undefined,
  password: undefined,
  passwordFile: undefined,
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  commands: undefined,
  discoveryPrefix: undefined,
  announcesHazardous: false,
  imagesEveryMs: 0,
  maxImageBytes: 262_144,
  countersEveryMs: 0,
  stateFile: undefined,
};

export interface MqttFixtureOptions {
  readonly settings?: Partial<MqttSettings>;
  readonly mesh?: Partial<MeshSettings>;
  readonly tables?: Tables;
  readonly broker?: FakeBroker;
}

/** The MQTT connector on a network manager and a broker without a network; time by hand. */
export class MqttFixture {
  readonly mesh: NetworkFixture;
  readonly broker: FakeBroker;
  readonly connector: MqttConnector;
  readonly logged: string[] = [];

  private constructor(
    mesh: NetworkFixture,
    { settings = {}, broker = new FakeBroker() }: MqttFixtureOptions,
  ) {
    this.mesh = mesh;
    this.broker = broker;
    const { hub, clock } = mesh;
    const log = createLog('mqtt', (line) => this.logged.push(line), clock);
    const parts = { hub, gateway: FACTS, clock, log, stateDirectory: undefined };
    this.connector = new MqttConnector({ ...MQTT_SETTINGS, ...settings }, parts, broker.open);
  }

  /** The link is up, and nothing has been asked of the root; the connector is created, but not started. */
  static async make(options: MqttFixtureOptions = {}): Promise<MqttFixture> {
    const { mesh, tables = shippedTables } = options;
    return new MqttFixture(await NetworkFixture.up({ refreshEveryMs: 0, ...mesh }, tables), options);
  }

  /** The same, started, with everything pending published. */
  static async start(options: MqttFixtureOptions = {}): Promise<MqttFixture> {
    const fixture = await MqttFixture.make(options);
    fixture.connector.start();
    await fixture.settle();
    return fixture;
  }

  /** Lets everything go out that may. */
  async settle(): Promise<void> {
    let before = -1;
    while (before !== this.broker.taken.length) {
      before = this.broker.taken.length;
      await settled();
      await new Promise(setImmediate);
    }
  }

  async say(...bodies: readonly string[]): Promise<void> {
    this.mesh.say(...bodies);
    await this.settle();
  }

  /** Lets time pass in steps, so that the effects of a timer come before the next one. */
  async pass(ms: number, step = 1000): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      this.mesh.clock.advance(Math.min(left, step));
      await this.settle();
    }
  }

  /** Sends a command, and lets it be carried out. */
  async command(name: string, payload: string | object, more = {}): Promise<void> {
    this.broker.deliver(`farm/north/cmd/${name}`, payload, more);
    await this.settle();
  }

  /** Numbers of the events at the broker, in order of arrival. */
  eventNumbers(): number[] {
    return this.broker.below('farm/north/event').flatMap(({ seq }) => (typeof seq === 'number' ? [seq] : []));
  }

  gaps(): Record<string, unknown>[] {
    return this.broker.at('farm/north/event/gap');
  }
}

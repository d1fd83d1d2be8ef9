/** The connector in this process, with a mesh of the tests as its hub, and a DCSS of the tests that it connects to. */
import type { GatewayFacts } from '../../src/api/method.js';
import type { Clock } from '../../src/base/clock.js';
import { createLog } from '../../src/base/log.js';
import { dcssSection } from '../../src/config/sections/dcss.js';
import type { Connector } from '../../src/connectors/connector.js';
import { createDcssConnector } from '../../src/connectors/dcss/dcss-connector.js';
import { CameraDevice } from '../../src/devices/dcss/camera-device.js';
import { FakeDcss, type FakeDcssOptions } from './fake-dcss.js';
import { fastClock } from './fast-clock.js';
import { NetworkFixture } from './network-fixture.js';

/** Counters as the tests read them. */
export interface DcssCounters {
  readonly link: {
    readonly connections: number;
    readonly notGreeted: number;
    readonly faults: object;
    readonly repeatedHandshakes: number;
  };
  readonly hardware: {
    readonly unknown: number;
    readonly operations: { readonly running: number; readonly started: number };
    readonly motors: { readonly moving: number; readonly interrupted: number };
  };
  readonly classifier?: { readonly underWay: number; readonly waiting: number; readonly failures: object };
}

export interface DcssFixtureOptions extends FakeDcssOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
  /** Instead of the DCSS of the tests. */
  readonly port?: number;
  readonly hasCamera?: boolean;
}

export class DcssFixture {
  readonly logged: string[] = [];
  readonly connector: Connector;
  readonly camera: CameraDevice | undefined;

  private constructor(
    readonly dcss: FakeDcss,
    readonly mesh: NetworkFixture,
    { settings, clock = fastClock(50), port = dcss.port, hasCamera }: DcssFixtureOptions,
  ) {
    const server = `127.0.0.1:${port}`;
    const section = dcssSection.parse({ server, name: 'mesh', mode: 'mesh', virtual: true, ...settings });
    const { hub } = mesh;
    const log = createLog('dcss', (line) => this.logged.push(line));
    const common = { hub, clock, log, stateDirectory: undefined };
    const links = { serial: noLink, tcp: noLink, record: noLink };
    this.camera = hasCamera
      ? new CameraDevice(section, { ...common, links, random: Math.random })
      : undefined;
    this.connector = createDcssConnector(section, server, { ...common, gateway: {} as GatewayFacts });
  }

  static async start(options: DcssFixtureOptions): Promise<DcssFixture> {
    const dcss = await FakeDcss.listen(options);
    const fixture = new DcssFixture(dcss, await NetworkFixture.up(), options);
    fixture.camera?.start();
    fixture.connector.start();
    return fixture;
  }

  get counters(): DcssCounters {
    return this.connector.counters() as unknown as DcssCounters;
  }

  async close(): Promise<void> {
    await this.connector.stop();
    await this.camera?.stop();
    await this.dcss.close();
  }
}

function noLink(): never {
  throw new Error('no links here');
}

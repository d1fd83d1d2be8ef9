import { createLog } from '../../src/base/log.js';
import { manifestAlarms } from '../../src/gateway/manifests.js';
import { GatewayHub, type HubSettings } from '../../src/hub/gateway-hub.js';
import type { HubEvent } from '../../src/hub/hub.js';
import type { LinkState } from '../../src/link/link-keeper.js';
import { NetworkManager, type NetworkSettings } from '../../src/network/network-manager.js';
import { NodeNames } from '../../src/protocol/node-names.js';
import { SendError, type SendFailure } from '../../src/uart/transmitter.js';
import { bytesOf } from './hex.js';
import { ManualClock, settled } from './manual-clock.js';
import { shippedTables } from './tables.js';

export type MeshSettings = NetworkSettings & HubSettings;

const SETTINGS: MeshSettings = {
  idleAfterMs: 60_000,
  disconnectedAfterMs: 180_000,
  refreshEveryMs: 30_000,
  batchQuietMs: 300,
  maxMessageLength: 256,
  valuesKept: 10,
  maxNodes: 32_767,
  rootSilentAfterMs: 90_000,
  eventsHeld: 1000,
  names: new NodeNames(),
  recovery: {
    isEnabled: false,
    probeAfterMs: 60_000,
    stepMs: 20_000,
    firstPauseMs: 60_000,
    longestPauseMs: 3_600_000,
  },
};

/** The hub with the mesh as its source: bodies in, bodies out, time by hand. */
export class NetworkFixture {
  readonly clock = new ManualClock();
  readonly lines: string[] = [];
  readonly events: HubEvent[] = [];
  readonly hub: GatewayHub;
  readonly network: NetworkManager;
  /** Commands sent to the root, as text. */
  readonly sent: string[] = [];
  /** Bodies sent to the root, as bytes. */
  readonly bodies: Buffer[] = [];
  /** The error with which sending fails, if it does. */
  failure: SendFailure | undefined;
  /** Calls made on the port. */
  readonly portSteps: string[] = [];
  /** Whether the adapter has modem lines. */
  hasLines = true;
  #halfMessages = 0;

  /** The link is up unless said otherwise, and nothing has been sent yet. */
  constructor(settings: Partial<MeshSettings> = {}, tables = shippedTables) {
    const all = { ...SETTINGS, ...settings };
    this.hub = new GatewayHub({ clock: this.clock, tables, settings: all, alarms: manifestAlarms });
    this.network = new NetworkManager({
      hub: this.hub,
      clock: this.clock,
      log: createLog('network', (line) => this.lines.push(line), this.clock),
      settings: all,
      uart: {
        send: async (_owner, body) => {
          if (this.failure) throw new SendError(this.failure);
          this.sent.push(body.toString('latin1'));
          this.bodies.push(body);
        },
        onHalfMessage: () => {
          this.#halfMessages++;
          return 'nothingSent';
        },
        counters: () => ({}),
        resetByLines: async () => this.#portStep('resetLines', this.hasLines),
        reopen: async () => {
          this.#portStep('reopen', true);
          this.link('opening');
          this.link('probing');
        },
        release: async (ms) => void this.#portStep(`release ${ms}`, true),
        reclaim: () => void this.#portStep('takeBack', true),
      },
    });
    this.network.start();
    this.hub.feed.subscribe((event) => this.events.push(event));
  }

  /** Opens the link, lets the root answer with an empty list, and discards what was sent for that. */
  static async up(settings: Partial<MeshSettings> = {}, tables = shippedTables): Promise<NetworkFixture> {
    const fixture = new NetworkFixture(settings, tables);
    fixture.link('probing');
    fixture.link('up');
    fixture.say('00 00 01 00');
    await settled();
    fixture.forget();
    return fixture;
  }

  get halfMessages(): number {
    return this.#halfMessages;
  }

  link(state: LinkState, identity?: string): void {
    const board = identity === undefined ? {} : { identity };
    this.network.onLinkStatus({ state, since: this.clock.now(), name: '/dev/ttyUSB0', ...board });
  }

  #portStep(step: string, isPossible: boolean): boolean {
    this.portSteps.push(step);
    return isPossible;
  }

  /** Bodies from the root, in hex. */
  say(...bodies: readonly string[]): void {
    for (const body of bodies) this.network.onFrame(bytesOf(body));
  }

  /** `5 active`, one per node. */
  statuses(): string[] {
    return this.hub.picture.nodes().map(({ address, status }) => `${address} ${status}`);
  }

  /** The bytes of a node's newest value of a type, in hex. */
  latest(address: number, type: string): string | undefined {
    const found = this.hub.picture.findNode(address)?.latest.find((entry) => entry.type.name === type);
    return found?.value.bytes.toString('hex');
  }

  /** Lets time pass, with all its effects. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settled();
  }

  forget(): void {
    this.sent.length = 0;
    this.bodies.length = 0;
    this.events.length = 0;
    this.lines.length = 0;
  }
}

/** A Net Info body that lists these nodes: at most 40. */
export function netInfo(...addresses: readonly number[]): string {
  const entries = addresses.map((address) => `${word(address)} ${uuidText(address)}`);
  return ['00 00 01', byte(addresses.length), ...entries].join(' ');
}

/** The uuid that `netInfo` gives a node: 3210, zeros, its address. */
export function uuidText(address: number): string {
  return `32 10 00*12 ${word(address)}`;
}

/** A Path Info body of this many paths, each from its own node to node 1. */
export function pathInfo(amount: number, first = 5): string {
  const paths = Array.from({ length: amount }, (_, index) => `${word(first + index)} 00 01`);
  return ['00 00 04', byte(amount), ...paths].join(' ');
}

/** `00 05`. */
export function word(value: number): string {
  return `${byte(value >> 8)} ${byte(value & 0xff)}`;
}

function byte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}

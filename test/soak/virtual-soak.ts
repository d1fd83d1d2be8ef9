import { Account } from '../../soak/account/account.js';
import { deliveredBy } from '../../soak/account/delivered.js';
import { type PortState, TimedLedger } from '../../soak/account/timed-ledger.js';
import { describeEvent } from '../../src/api/describe.js';
import type { MeshEvent } from '../../src/api/shapes.js';
import { loadConfig } from '../../src/gateway/settings.js';
import { Gateway, loadTables } from '../../src/gateway.js';
import type { FaultPlan } from '../../src/simulator/faults/fault-plan.js';
import { FaultyMesh } from '../../src/simulator/faults/faulty-mesh.js';
import { openLinkTo } from '../../src/simulator/simulated-link.js';
import { ManualClock, settled } from '../support/manual-clock.js';

const STEP_MS = 250;
const LEDGER_LIMIT = 1_000_000;

export interface VirtualSoakOptions {
  readonly nodes: number;
  readonly faults: FaultPlan;
  readonly seed?: number;
  /** Whether a message is passed to the account, by its number: false makes one go missing. */
  readonly isDelivered?: (index: number) => boolean;
}

/**
 * The soak in virtual time: the gateway in this process, on the simulated link, which has modem lines and can be
 * reopened. Its hub's events are the witness's stream.
 */
export class VirtualSoak {
  readonly account = new Account();
  readonly mesh: FaultyMesh;
  readonly ledger: TimedLedger;
  readonly #clock = new ManualClock();
  readonly #isDelivered: (index: number) => boolean;
  readonly #openLink: ReturnType<typeof openLinkTo>;
  #gateway: Gateway | undefined;
  #delivered = 0;
  #isOpen = false;

  constructor({ nodes, faults, seed = 1, isDelivered = () => true }: VirtualSoakOptions) {
    this.#isDelivered = isDelivered;
    const port = { takeHeldUp: () => false };
    this.ledger = new TimedLedger(this.#clock, () => ({ ...port, state: this.#portState() }), LEDGER_LIMIT);
    const tables = loadTables(loadConfig({}));
    this.mesh = new FaultyMesh({
      clock: this.#clock,
      tables,
      nodes,
      seed,
      faults,
      ledger: this.ledger,
      onFaultOver: (count) => this.account.recoveries.onOver(count, this.#clock.now()),
    });
    this.#openLink = openLinkTo(this.mesh);
  }

  start(): void {
    const config = loadConfig({});
    this.#gateway = new Gateway({
      config,
      tables: loadTables(config),
      openLink: this.#openLink,
      watchForDevices: () => () => {},
      clock: this.#clock,
      writeLine: () => {},
    });
    this.#gateway.hub.feed.subscribe((event) => this.#tell(describeEvent(event)));
    this.#gateway.connect();
  }

  async stop(): Promise<void> {
    const stopping = this.#gateway?.stop();
    this.#gateway = undefined;
    this.account.onRestart('SIGTERM', this.#clock.now());
    await stopping;
  }

  async advance(minutes: number): Promise<void> {
    for (let step = 0; step < (minutes * 60_000) / STEP_MS; step++) {
      this.#clock.advance(STEP_MS);
      await settled();
      this.account.onSettled(this.ledger.takeSettled());
      this.account.advance();
    }
  }

  #portState(): PortState {
    if (!this.#gateway) return 'gatewayDown';
    if (!this.mesh.isPlugged) return 'unplugged';
    return this.#isOpen ? 'open' : 'closed';
  }

  #tell(event: MeshEvent): void {
    if (event.kind === 'link') this.#isOpen = event.link.port !== null;
    const item = deliveredBy(event);
    if (item && (item.kind === 'break' || this.#isDelivered(this.#delivered++)))
      this.account.onDelivered(item);
    this.account.onEvent(event);
  }

  /** The root sends no more, and the account is closed. */
  finish(): void {
    this.mesh.stop();
    this.account.onSettled(this.ledger.takeSettled());
    this.account.finish([]);
  }
}

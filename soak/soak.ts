import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { MeshEvent } from '../src/api/shapes.js';
import { systemClock } from '../src/base/clock.js';
import { loadConfig } from '../src/gateway/settings.js';
import { loadTables } from '../src/gateway.js';
import type { FaultCount } from '../src/simulator/faults/fault-counters.js';
import { loadFaults } from '../src/simulator/faults/fault-file.js';
import { FaultyMesh } from '../src/simulator/faults/faulty-mesh.js';
import { Random } from '../src/simulator/random.js';
import { Account } from './account/account.js';
import { TimedLedger } from './account/timed-ledger.js';
import { Crowd } from './clients/crowd.js';
import { rest } from './clients/visitor.js';
import { Witness } from './clients/witness.js';
import { GatewayCounts } from './gateway-counts.js';
import { GatewayProcess } from './gateway-process.js';
import { SoakPort } from './port.js';
import { Vitals } from './vitals.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly nodes: number;
  readonly seed: number;
  /** Updates per second from each node. */
  readonly rateHz: number;
  /** A preset, or a fault file. */
  readonly faults: string;
  /** Minutes between two restarts of the gateway. */
  readonly restartEvery: number;
  /** Called with progress messages. */
  readonly onProgress: (text: string) => void;
}

/** The ledger holds frames until they are taken, every second: a storm of 500 nodes at 20 Hz is 10,000. */
const LEDGER_LIMIT = 1_000_000;
const TICK_MS = 1000;
const SAMPLE_EVERY = 5;
const READ_COUNTERS_EVERY = 2;
/** Each client listens for the end of the soak, some of them twice. */
const MAX_LISTENERS = 64;
/** Fraction of the run with restarts; the rest has none, so that memory can be observed for longer. */
const RESTARTS_UNTIL = 0.6;
/** How long the gateway is down. */
const DOWN_MS = { min: 500, max: 4000 };
const SEEN_WITHIN_MS = 30_000;
const SEEN_POLL_MS = 50;
/** Without a delivery for this long, everything in transit has arrived. */
const QUIET_MS = 4000;
const QUIET_WITHIN_MS = 60_000;

/** Runs the real gateway on a virtual mesh with faults, clients and restarts, and accounts for every frame. */
export class Soak {
  readonly options: SoakOptions;
  readonly account: Account;
  readonly ledger: TimedLedger;
  readonly mesh: FaultyMesh;
  readonly port: SoakPort;
  readonly gateway: GatewayProcess;
  readonly crowd: Crowd;
  readonly witness: Witness;
  readonly counts = new GatewayCounts();
  readonly vitals = new Vitals(Date.now());
  /** Durations of faults in virtual ms, by counter. */
  readonly lasted = new Map<FaultCount, number[]>();
  readonly restarts = { SIGKILL: 0, SIGTERM: 0 };
  readonly ownDelay = monitorEventLoopDelay();
  readonly #over = new AbortController();
  readonly #random: Random;
  #starts = 0;
  #lastDeliveredAt = 0;
  #ticks = 0;

  constructor(options: SoakOptions, directory: string) {
    const { nodes, seed, rateHz, faults } = options;
    this.options = options;
    setMaxListeners(MAX_LISTENERS, this.#over.signal);
    this.#random = Random.of(seed, 'soak');
    this.account = new Account((what) => options.onProgress(`unexplained: ${what}`));
    this.ledger = new TimedLedger(systemClock, () => this.port, LEDGER_LIMIT);
    this.mesh = new FaultyMesh({
      clock: systemClock,
      tables: loadTables(loadConfig({})),
      nodes,
      seed,
      rateHz,
      faults: loadFaults(faults),
      ledger: this.ledger,
      onFault: (what) => options.onProgress(what),
      onFaultOver: (count, lastedMs) => this.#onFaultOver(count, lastedMs),
    });
    this.port = new SoakPort(this.mesh, join(directory, 'root'));
    this.gateway = new GatewayProcess(directory, this.port.path);
    const { socket } = this.gateway;
    this.crowd = new Crowd({ socket, seed, nodes, over: this.#over.signal, currentRun: () => this.#starts });
    this.witness = new Witness(socket, {
      onDelivered: (item) => this.account.onDelivered(item),
      onEvent: (event) => this.#onEvent(event),
    });
  }

  /** Runs the soak to its end. */
  async run(): Promise<void> {
    await this.port.open();
    this.ownDelay.enable();
    this.mesh.start();
    this.#startGateway();
    const witnessed = this.witness.run();
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    const crowded = this.crowd.run();
    await this.#isSeen();
    await this.#runRestarts();
    await this.#isSeen();
    this.#over.abort();
    await crowded;
    await this.#comeToRest();
    clearInterval(ticking);
    await this.#readCounters();
    await this.#endGateway('SIGTERM');
    this.witness.close();
    await witnessed;
    await this.port.close();
    this.ownDelay.disable();
    this.#judge();
  }

  async #runRestarts(): Promise<void> {
    const { minutes, restartEvery } = this.options;
    const endsAt = Date.now() + minutes * 60_000;
    const lastRestartAt = Date.now() + minutes * 60_000 * RESTARTS_UNTIL;
    const signals = ['SIGKILL', 'SIGTERM'] as const;
    for (let count = 0; Date.now() + restartEvery * 60_000 <= lastRestartAt; count++) {
      await pause(restartEvery * 60_000);
      await this.#restart(signals[count % signals.length] ?? 'SIGTERM');
    }
    await pause(Math.max(0, endsAt - Date.now()));
  }

  async #restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#isSeen();
    this.options.onProgress(`ending the gateway with ${signal}`);
    this.restarts[signal]++;
    this.account.onRestart(signal, Date.now());
    await this.#endGateway(signal);
    await pause(this.#random.between(DOWN_MS.min, DOWN_MS.max));
    this.#startGateway();
    this.account.recoveries.onOver(signal, Date.now());
  }

  /** Resolves when the witness has seen the current process start: listeners are compared per process. */
  async #isSeen(): Promise<void> {
    const deadline = Date.now() + SEEN_WITHIN_MS;
    while (this.account.listening.runs < this.#starts && Date.now() < deadline) await pause(SEEN_POLL_MS);
  }

  #startGateway(): void {
    this.#starts++;
    this.gateway.start();
    this.port.onGatewayStarted();
    this.vitals.onProcessStart(Date.now());
  }

  async #endGateway(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.gateway.end(signal);
    this.port.onGatewayEnded();
    this.counts.onProcessEnd();
  }

  /** Stops the root and waits until everything that it has sent has arrived. */
  async #comeToRest(): Promise<void> {
    this.port.end();
    this.mesh.stop();
    this.#lastDeliveredAt = Date.now();
    const deadline = Date.now() + QUIET_WITHIN_MS;
    while (Date.now() - this.#lastDeliveredAt < QUIET_MS && Date.now() < deadline) {
      await rest(TICK_MS, new AbortController().signal);
    }
    this.#align();
  }

  #onEvent(event: MeshEvent): void {
    this.account.onEvent(event);
    if (event.kind === 'message') this.#lastDeliveredAt = Date.now();
    if (event.kind === 'link' && event.link.reason === 'reopened') this.port.onReopened();
  }

  #onFaultOver(count: FaultCount, lastedMs: number): void {
    this.account.recoveries.onOver(count, Date.now());
    this.lasted.set(count, [...(this.lasted.get(count) ?? []), lastedMs]);
  }

  /** Once a second. */
  #tick(): void {
    this.#ticks++;
    this.#align();
    void this.#ping();
    const sample = this.#ticks % SAMPLE_EVERY === 0 ? this.gateway.sample() : undefined;
    if (sample) this.vitals.onSample(sample, Date.now());
    if (this.#ticks % READ_COUNTERS_EVERY === 0) void this.#readCounters();
    if (this.#ticks % 60 === 0) this.options.onProgress(this.#progress());
  }

  #align(): void {
    this.account.onSettled(this.ledger.takeSettled());
    this.account.advance();
  }

  async #ping(): Promise<void> {
    const before = performance.now();
    const answered = await this.witness.client?.hello().catch(() => undefined);
    if (answered) this.vitals.onAnswer(performance.now() - before);
  }

  async #readCounters(): Promise<void> {
    const run = this.#starts;
    const counters = await this.witness.client?.call('counters', {}).catch(() => undefined);
    if (counters && run === this.#starts && this.gateway.isRunning) this.counts.onCounters(counters);
  }

  #progress(): string {
    const { frames, unexplained, waiting } = this.account;
    return `delivered ${frames.get('delivered')}, waiting ${waiting.sent}/${waiting.delivered}, unexplained ${unexplained.length}`;
  }

  #judge(): void {
    const { account, ledger, witness, crowd, gateway, port } = this;
    account.finish(crowd.heard);
    const meant = ledger.counters.get('meant');
    if (account.frames.total !== meant)
      account.complain(`${meant} frames were sent, but ${account.frames.total} are accounted for`);
    const faults = witness.numbering.faults + crowd.resumers.faults;
    if (faults > 0) account.complain(`${faults} event numbers are missing without a gap notice`);
    if (crowd.subscribers.faults > 0)
      account.complain(`${crowd.subscribers.faults} events did not match a subscription's filter`);
    if (crowd.sends.get('no end') > 0) account.complain(`${crowd.sends.get('no end')} sends never finished`);
    for (const failure of gateway.failures) account.complain(`the gateway: ${failure}`);
    if (port.failure !== undefined) account.complain(`the pseudo-terminal: ${port.failure}`);
    if (port.droppedBytes > 0)
      account.complain(`${port.droppedBytes} bytes were dropped at the pseudo-terminal`);
    if (account.listening.runs !== this.#starts) {
      account.complain(`the witness saw ${account.listening.runs} of ${this.#starts} processes start`);
    }
  }
}

/** Runs a soak in its own directory, which is kept with the gateway's log if anything is unexplained. */
export async function runSoak(options: SoakOptions): Promise<Soak> {
  const directory = await mkdtemp(join(tmpdir(), 'meshgate-soak-'));
  const soak = new Soak(options, directory);
  options.onProgress(`in ${directory}`);
  await soak.run();
  if (soak.account.unexplained.length === 0) await rm(directory, { recursive: true, force: true });
  return soak;
}

import type { ModemLines } from '../../link/link.js';
import type { VirtualMeshOptions } from '../mesh-options.js';
import { VirtualMesh } from '../virtual-mesh.js';
import type { OnHungUp, OnRootBytes, VirtualUart } from '../virtual-uart.js';
import { ByteFaults } from './byte-faults.js';
import type { FaultContext, LineFault } from './fault.js';
import { createFaultCounters, type FaultCount } from './fault-counters.js';
import type { FaultPlan } from './fault-plan.js';
import { FromRoot } from './from-root.js';
import { HalfMessages } from './half-messages.js';
import { HangUps } from './hang-ups.js';
import type { Ledger } from './ledger.js';
import { LogText } from './log-text.js';
import { Resets } from './resets.js';
import { Silences } from './silences.js';
import { startStorms } from './storms.js';
import { ToRoot } from './to-root.js';
import { WrongBaud } from './wrong-baud.js';

const DEFAULT_SEED = 1;

export interface FaultyMeshOptions extends VirtualMeshOptions {
  readonly faults: FaultPlan;
  /** Records the fate of every frame that the root sends. */
  readonly ledger?: Ledger | undefined;
  /** A fault has begun: a description for people, and the time in virtual milliseconds. */
  readonly onFault?: (what: string, atMs: number) => void;
  /** A fault has ended: which one (of silences, what ended it), and its duration in virtual milliseconds. */
  readonly onFaultOver?: (count: FaultCount, lastedMs: number) => void;
}

/**
 * A virtual mesh on a line with faults. The same seed and the same plan give the same faults at the same virtual times.
 * Faults have their own random streams, so the mesh itself behaves as it would without them.
 */
export class FaultyMesh implements VirtualUart {
  readonly name: string;
  readonly mesh: VirtualMesh;
  readonly #context: FaultContext;
  readonly #plan: FaultPlan;
  readonly #resets: Resets | undefined;
  readonly #silences: Silences | undefined;
  readonly #wrongBaud: WrongBaud | undefined;
  readonly #hangUps: HangUps | undefined;
  readonly #fromRoot: FromRoot;
  readonly #toRoot: ToRoot;
  #onHungUp: OnHungUp | undefined;
  #isStarted = false;

  /** Throws as `VirtualMesh` does. */
  constructor({ faults: plan, ledger, onFault, onFaultOver, ...meshOptions }: FaultyMeshOptions) {
    const { share: churn, away_s: awayMs } = plan.churn ?? {};
    this.mesh = new VirtualMesh({ ...meshOptions, ...(churn !== undefined && awayMs && { churn, awayMs }) });
    this.name = `${this.mesh.name}, with faults`;
    const { root, timeline } = this.mesh;
    const context = {
      seed: meshOptions.seed ?? DEFAULT_SEED,
      timeline,
      counters: createFaultCounters(),
      onBegin: (what: string) => onFault?.(what, timeline.now),
      onEnd: (count: FaultCount, lastedMs: number) => onFaultOver?.(count, lastedMs),
    };
    this.#context = context;
    this.#plan = plan;
    this.#resets = plan.resets && new Resets(context, plan.resets, root);
    this.#silences = plan.silence && new Silences(context, plan.silence, root);
    this.#wrongBaud = plan.wrong_baud && new WrongBaud(context, plan.wrong_baud);
    this.#hangUps = plan.hang_ups && new HangUps(context, plan.hang_ups, (ms) => this.#unplug(ms));
    this.#fromRoot = this.#createFromRoot(ledger);
    this.#toRoot = this.#createToRoot();
    this.mesh.connect((chunk, atMs) => this.#fromRoot.send(chunk, atMs));
  }

  get isPlugged(): boolean {
    return this.#hangUps?.isPlugged ?? true;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (const fault of [this.#resets, this.#silences, this.#wrongBaud, this.#hangUps]) fault?.start();
    if (this.#plan.storm) startStorms(this.#context, this.#plan.storm, this.mesh);
    this.mesh.start();
  }

  connect(onBytes: OnRootBytes, onHungUp?: OnHungUp): () => void {
    this.#context.timeline.soon(() => this.#silences?.onReopened());
    this.#onHungUp = onHungUp;
    this.#fromRoot.connect(onBytes);
    return () => {
      if (this.#fromRoot.reader !== onBytes) return;
      this.#onHungUp = undefined;
      this.#fromRoot.connect(undefined);
    };
  }

  receive(bytes: Buffer): void {
    const kept = Buffer.from(bytes);
    this.#context.timeline.soon(() => this.#toRoot.send(kept));
  }

  setLines(lines: ModemLines): void {
    this.#context.timeline.soon(() => {
      if (!this.#silences?.isStuck) this.mesh.root.setLines(lines);
    });
  }

  stop(): void {
    this.#fromRoot.connect(undefined);
    this.mesh.stop();
  }

  /** Counters of the faults so far. */
  faultCounters(): Readonly<Record<FaultCount, number>> {
    const { churn } = this.mesh;
    return {
      ...this.#context.counters.snapshot(),
      nodesGone: churn.get('gone'),
      nodesBack: churn.get('back'),
    };
  }

  #createFromRoot(ledger: Ledger | undefined): FromRoot {
    const { bytes, log_text: logText, line } = this.#plan;
    return new FromRoot(this.#context, {
      ledger,
      line: line && { baud: line.baud, latency: line.latency_s },
      faults: present([
        this.#resets,
        this.#silences?.fromRoot,
        logText && new LogText(this.#context, logText, this.mesh.root),
        bytes && new ByteFaults(this.#context, bytes, 'fromRoot'),
        this.#wrongBaud?.fromRoot,
      ]),
    });
  }

  #createToRoot(): ToRoot {
    const { bytes_to_root: bytes, half_messages: halves, line } = this.#plan;
    const { root } = this.mesh;
    const halfMessages = halves && new HalfMessages(this.#context, halves, root);
    return new ToRoot(this.#context, {
      line,
      faults: present([
        this.#silences?.toRoot,
        bytes && new ByteFaults(this.#context, bytes, 'toRoot'),
        this.#wrongBaud?.toRoot,
      ]),
      deliver: (arrived) => (halfMessages ? halfMessages.deliver(arrived) : root.receive(arrived)),
    });
  }

  #unplug(backAfterMs: number): void {
    const onHungUp = this.#onHungUp;
    this.#onHungUp = undefined;
    this.#fromRoot.connect(undefined);
    onHungUp?.(backAfterMs);
  }
}

function present(faults: readonly (LineFault | undefined)[]): LineFault[] {
  return faults.filter((fault) => fault !== undefined);
}

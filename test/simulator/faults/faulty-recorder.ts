import { encodeRootCommand, type RootCommand } from '../../../src/protocol/root-command.js';
import { type GivenFaults, readFaults } from '../../../src/simulator/faults/fault-plan.js';
import { FaultyMesh, type FaultyMeshOptions } from '../../../src/simulator/faults/faulty-mesh.js';
import { Ledger } from '../../../src/simulator/faults/ledger.js';
import { encodeFrame } from '../../../src/uart/frame.js';
import { Receiver } from '../../../src/uart/receiver.js';
import { ManualClock } from '../../support/manual-clock.js';
import { tables } from '../recorder.js';

/** Close enough that every node is one hop away. */
export const NEAR = { radioRangeM: 9_000 };

/** A virtual mesh with faults on a clock moved by hand, and the gateway's own receiver on its line. */
export class FaultyRecorder {
  readonly clock: ManualClock;
  readonly mesh: FaultyMesh;
  readonly ledger = new Ledger();
  /** `<virtual ms> <hex>`: the bytes received, piece by piece. */
  readonly traffic: string[] = [];
  /** `<virtual ms> <what>`: the faults that lasted. */
  readonly reported: string[] = [];
  readonly bodies: Buffer[] = [];
  readonly console: string[] = [];
  readonly hungUp: number[] = [];
  readonly receiver: Receiver;
  /** Reopens the port when the device is back. */
  readonly #reconnects: boolean;

  constructor(
    faults: GivenFaults,
    { reconnects = true, ...options }: Partial<FaultyMeshOptions> & { reconnects?: boolean } = {},
  ) {
    this.clock = new ManualClock();
    this.#reconnects = reconnects;
    this.mesh = new FaultyMesh({
      clock: this.clock,
      tables,
      churn: 0,
      ...options,
      faults: readFaults(faults, 'test'),
      ledger: this.ledger,
      onFault: (what, atMs) => this.reported.push(`${atMs} ${what}`),
    });
    this.receiver = new Receiver(
      {
        onFrame: (body) => this.bodies.push(body),
        onConsoleLine: (line) => this.console.push(line),
      },
      this.clock,
      { maxBodyLength: 2048, openFrameTimeoutMs: 500 },
    );
    this.connect();
    this.mesh.start();
  }

  /** Opens the port, or reopens it. */
  connect(): void {
    this.mesh.connect(
      (chunk, atMs) => {
        this.traffic.push(`${atMs} ${chunk.toString('hex')}`);
        this.receiver.push(chunk);
      },
      (backAfterMs) => {
        this.hungUp.push(backAfterMs);
        this.receiver.abandon();
        if (this.#reconnects) this.clock.after(backAfterMs + 1, () => this.connect());
      },
    );
  }

  /** Moves time on; returns the bodies received. */
  advance(ms: number): Buffer[] {
    const from = this.bodies.length;
    this.clock.advance(ms);
    return this.bodies.slice(from);
  }

  /** A command from the gateway, then as much time as the root's block may take. */
  tell(command: RootCommand): Buffer[] {
    this.mesh.receive(encodeFrame(encodeRootCommand(command)));
    return this.advance(1_000);
  }

  /** The bodies that reached the reader complete, by the ledger. */
  whole(): string[] {
    return this.ledger
      .entries()
      .filter(({ fate }) => fate === 'whole')
      .map(({ body }) => body.toString('hex'));
  }

  /** Texts of the root. */
  texts(): string[] {
    return this.bodies
      .filter((body) => body.toString('hex', 0, 2) === '0000' && (body[2] ?? 0) >= 0x20)
      .map((body) => body.toString('latin1', 2));
  }
}

/** True when all of `inner` is in `outer`, in that order. */
export function isSubsequence(inner: readonly string[], outer: readonly string[]): boolean {
  let at = 0;
  for (const item of outer) if (item === inner[at]) at++;
  return at === inner.length;
}

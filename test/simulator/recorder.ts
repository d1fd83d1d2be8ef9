import { join } from 'node:path';
import type { CancelTimer, Clock } from '../../src/base/clock.js';
import { packageRoot } from '../../src/base/package-root.js';
import { loadDataTypes } from '../../src/protocol/data-types-file.js';
import { decodeMessage, type Message, type Tables } from '../../src/protocol/message.js';
import { Opcodes } from '../../src/protocol/opcodes.js';
import { encodeRootCommand, type RootCommand } from '../../src/protocol/root-command.js';
import type { VirtualMeshOptions } from '../../src/simulator/mesh-options.js';
import { VirtualMesh } from '../../src/simulator/virtual-mesh.js';
import { encodeFrame, FrameDecoder } from '../../src/uart/frame.js';
import { ManualClock } from '../support/manual-clock.js';

const dataTypes = loadDataTypes(join(packageRoot, 'data-types.json'));
export const tables: Tables = {
  dataTypes,
  opcodes: Opcodes.load(join(packageRoot, 'opcodes.json'), dataTypes),
};

/** A message and when the root sent it, virtual ms. */
export type Heard = Message & { readonly atMs: number };

/** A virtual mesh on a clock moved by hand, and all that its root has sent. */
export class MeshRecorder {
  readonly clock = new ManualClock();
  readonly mesh: VirtualMesh;
  /** `<virtual ms> <hex>`: the traffic, byte for byte. */
  readonly traffic: string[] = [];
  readonly heard: Heard[] = [];
  console = '';
  #atMs = 0;

  constructor(options: Partial<VirtualMeshOptions> = {}) {
    const decoder = new FrameDecoder({
      onFrame: (body) => this.heard.push({ ...decodeMessage(body, tables), atMs: this.#atMs }),
      onOutside: (bytes) => {
        this.console += bytes.toString('latin1');
      },
      onDrop(reason) {
        throw new Error(reason);
      },
      onNoise(noise) {
        throw new Error(noise);
      },
    });
    this.mesh = new VirtualMesh({ clock: this.clock, tables, churn: 0, ...options });
    this.mesh.connect((chunk, atMs) => {
      this.#atMs = atMs;
      this.traffic.push(`${atMs} ${chunk.toString('hex')}`);
      decoder.push(chunk);
    });
    this.mesh.start();
  }

  /** A command from the gateway, then as much time as the root's block may take. */
  tell(command: RootCommand): Heard[] {
    return this.write(encodeFrame(encodeRootCommand(command)));
  }

  /** Sends bytes from the gateway; returns what was received in the second after. */
  write(bytes: Buffer): Heard[] {
    const from = this.heard.length;
    this.mesh.receive(bytes);
    this.clock.advance(1_000);
    return this.heard.slice(from);
  }

  /** The messages of one node. */
  from(address: number): Heard[] {
    return this.heard.filter(({ from }) => from === address);
  }

  texts(): string[] {
    return textsOf(this.heard);
  }
}

export function textsOf(heard: readonly Heard[]): string[] {
  return heard.flatMap((message) => (message.kind === 'text' ? [message.text] : []));
}

/** A clock whose timers fire late at times, like those of a busy process. */
export class LateClock implements Clock {
  readonly #clock: ManualClock;
  #turn = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, task: () => void): CancelTimer {
    this.#turn = (this.#turn + 1) % 7;
    return this.#clock.after(ms + this.#turn * 13.7, task);
  }
}

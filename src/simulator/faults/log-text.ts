import { infoLine } from '../boot-log.js';
import { Random } from '../random.js';
import type { VirtualRoot } from '../virtual-root.js';
import type { FaultContext, LineFault, Passing } from './fault.js';
import type { FaultPlan } from './fault-plan.js';

const LINES = [
  ['BLE_MESH', 'Replay: Seq 0x0001a4 received'],
  ['BLE_MESH', 'No matching TX context for ack'],
  ['MAIN', 'Received via Flooding'],
  ['HEAP', 'free 84212, least 61040'],
] as const;

/** Another task of the firmware prints a line while a frame is being sent. */
export class LogText implements LineFault {
  readonly name = 'log_text';
  readonly #options: FaultContext;
  readonly #chance: number;
  readonly #root: VirtualRoot;

  constructor(options: FaultContext, { chance }: NonNullable<FaultPlan['log_text']>, root: VirtualRoot) {
    this.#options = options;
    this.#chance = chance;
    this.#root = root;
  }

  disturb(bytes: Buffer, { atMs, isFrame }: Passing): Buffer {
    if (!isFrame || bytes.length === 0) return bytes;
    const random = Random.of(this.#options.seed, 'faults', 'log text', atMs, bytes.toString('latin1'));
    if (!random.chance(this.#chance)) return bytes;
    this.#options.counters.add('logLines');
    const [tag, text] = LINES[random.int(0, LINES.length - 1)] ?? LINES[0];
    const line = Buffer.from(infoLine(this.#root.uptimeMs, tag, text), 'latin1');
    const at = random.int(1, bytes.length - 1);
    return Buffer.concat([bytes.subarray(0, at), line, bytes.subarray(at)]);
  }
}

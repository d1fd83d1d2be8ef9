import type { Clock } from '../base/clock.js';
import { MeshgateError } from '../base/errors.js';
import { FIRST_EDGE_ADDRESS, MAX_UNICAST_ADDRESS } from '../protocol/address.js';
import type { Tables } from '../protocol/message.js';
import { USUAL_AWAY_MS } from './churn.js';
import { DEFAULT_FIELD, type Field } from './field.js';
import type { Generation } from './generation.js';
import type { Span } from './span.js';

/** Every edge node has a unicast address of its own. */
export const MAX_NODES = MAX_UNICAST_ADDRESS - FIRST_EDGE_ADDRESS + 1;

/** More than this from one node no mesh could carry; it bounds what a slip of the keyboard can cost. */
const MAX_RATE_HZ = 1000;

export interface VirtualMeshOptions {
  readonly clock: Clock;
  readonly tables: Tables;
  /** Edge devices, 0–32,763; 12 by default. */
  readonly nodes?: number;
  /** The same seed gives the same traffic; 1 by default. */
  readonly seed?: number;
  /** Data updates a second from each node; 1 by default, 0 is none. */
  readonly rateHz?: number;
  /** Probability that a hop loses a message, 0–1; 0 by default. */
  readonly loss?: number;
  /** Share of its time that a node is away, 0 to less than 1; 1/12 by default, 0 is never. */
  readonly churn?: number;
  /** How long a node that has gone stays away; one to five minutes by default. */
  readonly awayMs?: Span;
  /** What the firmware says, and what it understands; 2 by default. */
  readonly generation?: Generation;
  readonly field?: Field;
  /** How far two radios hear each other, metres; 1,200 by default. */
  readonly radioRangeM?: number;
}

export type CheckedMeshOptions = Required<VirtualMeshOptions>;

/** Fills in what is not given. Throws `BAD_USAGE` for what no mesh can be. */
export function checkMeshOptions(options: VirtualMeshOptions): CheckedMeshOptions {
  const checked = {
    clock: options.clock,
    tables: options.tables,
    nodes: options.nodes ?? 12,
    seed: options.seed ?? 1,
    rateHz: options.rateHz ?? 1,
    loss: options.loss ?? 0,
    churn: options.churn ?? 1 / 12,
    awayMs: options.awayMs ?? USUAL_AWAY_MS,
    generation: options.generation ?? 2,
    field: options.field ?? DEFAULT_FIELD,
    radioRangeM: options.radioRangeM ?? 1_200,
  };
  const { nodes, rateHz, loss, churn, awayMs, radioRangeM } = checked;
  demand(Number.isInteger(nodes) && nodes >= 0 && nodes <= MAX_NODES, `has 0 to ${MAX_NODES} nodes`);
  demand(rateHz >= 0 && rateHz <= MAX_RATE_HZ, `has a rate from 0 to ${MAX_RATE_HZ} updates a second`);
  demand(loss >= 0 && loss <= 1, 'has a loss from 0 to 1');
  demand(churn >= 0 && churn < 1, 'has a churn from 0 to less than 1');
  demand(awayMs.min > 0 && awayMs.min <= awayMs.max, 'has nodes that stay away for more than 0 ms');
  demand(radioRangeM > 0, 'has a radio range above 0 m');
  return checked;
}

function demand(isRight: boolean, rule: string): void {
  if (!isRight) throw new MeshgateError('BAD_USAGE', `a virtual mesh ${rule}`);
}

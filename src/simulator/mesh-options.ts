import type { Clock } from '../base/clock.js';
import { MeshgateError } from '../base/errors.js';
import { FIRST_EDGE_ADDRESS, MAX_UNICAST_ADDRESS } from '../protocol/address.js';
import type { Tables } from '../protocol/message.js';
import { DEFAULT_AWAY_MS } from './churn.js';
import { DEFAULT_FIELD, type Field } from './field.js';
import type { Generation } from './generation.js';
import type { Span } from './span.js';

/** Every edge node has its own unicast address. */
export const MAX_NODES = MAX_UNICAST_ADDRESS - FIRST_EDGE_ADDRESS + 1;

/** More than any mesh could carry; limits the cost of a typing error. */
const MAX_RATE_HZ = 1000;

export interface VirtualMeshOptions {
  readonly clock: Clock;
  readonly tables: Tables;
  /** Edge devices, 0–32,763; 12 by default. */
  readonly nodes?: number;
  /** The same seed gives the same traffic; 1 by default. */
  readonly seed?: number;
  /** Data updates per second from each node; 1 by default, 0 = none. */
  readonly rateHz?: number;
  /** Probability that a hop loses a message, 0–1; 0 by default. */
  readonly loss?: number;
  /** Fraction of time that a node is away, from 0 to less than 1; 1/12 by default, 0 = never. */
  readonly churn?: number;
  /** How long a node stays away; one to five minutes by default. */
  readonly awayMs?: Span;
  /** Firmware generation: which messages it sends and understands; 2 by default. */
  readonly generation?: Generation;
  readonly field?: Field;
  /** Radio range in metres; 1,200 by default. */
  readonly radioRangeM?: number;
}

export type CheckedMeshOptions = Required<VirtualMeshOptions>;

/** Fills in the defaults. Throws `BAD_USAGE` for invalid options. */
export function checkMeshOptions(options: VirtualMeshOptions): CheckedMeshOptions {
  const checked = {
    clock: options.clock,
    tables: options.tables,
    nodes: options.nodes ?? 12,
    seed: options.seed ?? 1,
    rateHz: options.rateHz ?? 1,
    loss: options.loss ?? 0,
    churn: options.churn ?? 1 / 12,
    awayMs: options.awayMs ?? DEFAULT_AWAY_MS,
    generation: options.generation ?? 2,
    field: options.field ?? DEFAULT_FIELD,
    radioRangeM: options.radioRangeM ?? 1_200,
  };
  const { nodes, rateHz, loss, churn, awayMs, radioRangeM } = checked;
  check(Number.isInteger(nodes) && nodes >= 0 && nodes <= MAX_NODES, `nodes must be 0 to ${MAX_NODES}`);
  check(rateHz >= 0 && rateHz <= MAX_RATE_HZ, `rate must be 0 to ${MAX_RATE_HZ} updates per second`);
  check(loss >= 0 && loss <= 1, 'loss must be 0 to 1');
  check(churn >= 0 && churn < 1, 'churn must be 0 to less than 1');
  check(awayMs.min > 0 && awayMs.min <= awayMs.max, 'time away must be more than 0 ms');
  check(radioRangeM > 0, 'radio range must be more than 0 m');
  return checked;
}

function check(isValid: boolean, rule: string): void {
  if (!isValid) throw new MeshgateError('BAD_USAGE', `virtual mesh: ${rule}`);
}

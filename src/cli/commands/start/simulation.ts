import { systemClock } from '../../../base/clock.js';
import { createLog } from '../../../base/log.js';
import type { Config } from '../../../config/schema.js';
import type { Tables } from '../../../protocol/message.js';
import { FAULT_COUNTS, type FaultCount } from '../../../simulator/faults/fault-counters.js';
import { loadFaults } from '../../../simulator/faults/fault-file.js';
import { FaultyMesh } from '../../../simulator/faults/faulty-mesh.js';
import { VirtualMesh } from '../../../simulator/virtual-mesh.js';
import type { VirtualUart } from '../../../simulator/virtual-uart.js';

export interface Simulation {
  readonly uart: VirtualUart;
  /** Counts of injected faults, as text; empty without faults. */
  report(): string;
}

/** The virtual mesh that the settings describe. Throws `BAD_CONFIG` for an invalid fault file. */
export function createSimulation({ simulation }: Config, tables: Tables): Simulation {
  const { nodes, seed, rate_hz: rateHz, loss, generation, faults } = simulation;
  const options = { clock: systemClock, tables, nodes, seed, rateHz, loss, generation };
  if (faults === undefined) return { uart: new VirtualMesh(options), report: () => '' };
  const log = createLog('faults');
  const uart = new FaultyMesh({
    ...options,
    faults: loadFaults(faults),
    onFault: (what, atMs) => log.info(`${(atMs / 1000).toFixed(1)} s: ${what}`),
  });
  return { uart, report: () => formatFaults(uart.faultCounters()) };
}

/** One line for each kind of fault that occurred. */
export function formatFaults(counters: Readonly<Record<FaultCount, number>>): string {
  const done = Object.entries(counters).filter(([, count]) => count > 0);
  if (done.length === 0) return 'no faults injected\n';
  const width = Math.max(...done.map(([, count]) => String(count).length));
  const lines = done.map(
    ([name, count]) => `  ${String(count).padStart(width)}  ${FAULT_COUNTS[name as FaultCount]}\n`,
  );
  return `faults injected:\n${lines.join('')}`;
}

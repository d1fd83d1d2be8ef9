import { MeshgateError } from '../../../base/errors.js';
import type { GivenSettings } from '../../../config/given.js';
import type { Config } from '../../../config/schema.js';
import { loadConfig } from '../../../gateway/settings.js';
import { loadTables } from '../../../gateway.js';
import { serveOnPty } from '../../../simulator/served-mesh.js';
import { createSimulation } from '../start/simulation.js';
import { untilTerminated } from '../until-terminated.js';

export interface SimulateFlags {
  readonly pty: string;
  readonly nodes?: string;
  readonly seed?: string;
  readonly rate?: string;
  readonly loss?: string;
  readonly generation?: string;
  readonly faults?: string;
}

/** Serves a virtual mesh until it is terminated. Rejects with a `MeshgateError`. */
export async function runSimulation({ pty, ...flags }: SimulateFlags): Promise<void> {
  const config = loadConfig(givenSettings(flags));
  const { uart, report } = createSimulation(config, loadTables(config));
  const ended = new AbortController();
  const terminated = untilTerminated(ended.signal);
  const served = await serveOnPty(uart, pty, (detail) => ended.abort(detail));
  // Nothing else keeps the process running while the pseudo-terminal is unplugged.
  const keptAlive = setInterval(() => {}, 60_000);
  process.stdout.write(greeting(pty, config));
  const termination = await terminated;
  clearInterval(keptAlive);
  await served.close();
  process.stdout.write(report());
  if (termination === 'aborted')
    throw new MeshgateError('PTY_LOST', `lost the pseudo-terminal ${pty}: ${ended.signal.reason}`);
}

function greeting(pty: string, { simulation: { nodes, seed, faults } }: Config): string {
  return `virtual mesh of ${nodes} nodes, seed ${seed}, on ${pty}${faults ? `, with faults: ${faults}` : ''}
To run a gateway on it, in another terminal:
  npx meshgate start --port ${pty}
Press Ctrl-C to stop.
`;
}

function givenSettings({ rate, ...flags }: Omit<SimulateFlags, 'pty'>): GivenSettings {
  return { simulation: { ...flags, rate_hz: rate } };
}

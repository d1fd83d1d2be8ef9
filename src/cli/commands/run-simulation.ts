import { systemClock } from '../../clock.js';
import { type GivenSettings, loadConfig } from '../../config.js';
import { MeshgateError } from '../../errors.js';
import { loadTables } from '../../gateway.js';
import { serveOnPty } from '../../simulator/served-mesh.js';
import { VirtualMesh } from '../../simulator/virtual-mesh.js';
import type { SimulateFlags } from './simulate.js';
import { untilTerminated } from './until-terminated.js';

/** Serves a virtual mesh until it is told to stop. Rejects with a `MeshgateError`. */
export async function runSimulation({ pty, ...flags }: SimulateFlags): Promise<void> {
  const config = loadConfig(givenSettings(flags));
  const { nodes, seed, rate_hz: rateHz, loss } = config.simulation;
  const mesh = new VirtualMesh({ clock: systemClock, tables: loadTables(config), nodes, seed, rateHz, loss });
  const ended = new AbortController();
  const terminated = untilTerminated(ended.signal);
  const served = await serveOnPty(mesh, pty, (detail) => ended.abort(detail));
  process.stdout.write(greeting(pty, nodes, seed));
  const termination = await terminated;
  await served.close();
  if (termination === 'aborted')
    throw new MeshgateError('PTY_LOST', `${pty} has gone: ${ended.signal.reason}`);
}

function greeting(pty: string, nodes: number, seed: number): string {
  return `a virtual mesh of ${nodes} nodes, seed ${seed}, is on ${pty}
run a gateway on it, in another terminal:
  npx meshgate start --port ${pty}
Ctrl-C ends it.
`;
}

function givenSettings({ nodes, seed, rate, loss }: Omit<SimulateFlags, 'pty'>): GivenSettings {
  return { simulation: { nodes, seed, rate_hz: rate, loss } };
}

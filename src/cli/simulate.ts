import type { Command } from 'commander';
import { systemClock } from '../clock.js';
import { type GivenSettings, loadConfig } from '../config.js';
import { MeshgateError } from '../errors.js';
import { loadTables } from '../gateway.js';
import { serveOnPty } from '../simulator/served-mesh.js';
import { VirtualMesh } from '../simulator/virtual-mesh.js';
import { untilTerminated } from './until-terminated.js';

interface SimulateFlags {
  readonly pty: string;
  readonly nodes?: string;
  readonly seed?: string;
  readonly rate?: string;
  readonly loss?: string;
}

export function addSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('put a virtual mesh on a pseudo-terminal, for a gateway that is started separately')
    .requiredOption('--pty <path>', 'where the pseudo-terminal appears')
    .option('--nodes <n>', 'edge nodes')
    .option('--seed <n>', 'the same seed gives the same mesh')
    .option('--rate <hz>', 'data updates of each node, per second')
    .option('--loss <p>', 'share of messages that each hop loses, 0 to 1')
    .action((flags: SimulateFlags) => simulate(flags));
}

async function simulate({ pty, ...flags }: SimulateFlags): Promise<void> {
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

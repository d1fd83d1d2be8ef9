/**
 * Whether cost grows with the mesh: 10, 1,000 and 32,767 nodes with 10 values of 10 types each. The floor of time is
 * the mesh of 10 nodes; that of the event loop a process that only waits, at the same time.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { GrownMesh } from './support/grown-mesh.js';
import { median } from './support/numbers.js';
import { inFolder, startFloor } from './support/programs.js';
import type { Row, Scale } from './support/row.js';

const SCRIPT = fileURLToPath(new URL('./support/grown-mesh.js', import.meta.url));
const MAX_RATIO = 1.5;
const MAX_RESIDENT_MB = 200;
const MAX_NINFO_MS = 300;
const MAX_STALL_MS = 20;
const NINFO_ROUNDS = 5;

interface Grown {
  readonly nodes: number;
  readonly mesh: GrownMesh;
  readonly ninfoMs: number;
  readonly ninfoStallMs: number;
  readonly ninfoBytes: number;
  readonly restStallMs: number;
}

export async function run(scale: Scale): Promise<Row[]> {
  return inFolder(async (folder) => {
    const floor = await startFloor(folder, 'waits');
    await floor.usage('watch');
    const sizes = scale === 'short' ? [10, 2000] : [10, 1000, 32_767];
    const grown: Grown[] = [];
    for (const nodes of sizes) grown.push(await grow(nodes, folder));
    const { longestStallMs } = await floor.usage();
    await floor.stop();
    const [ten] = grown;
    return ten ? grown.flatMap((each) => describe(each, ten, longestStallMs)) : [];
  });
}

function describe({ nodes, mesh, ...rest }: Grown, ten: Grown, machineStallMs: number): Row[] {
  const name = `${nodes.toLocaleString('en')} nodes`;
  const growth = nodes === ten.nodes ? {} : ({ target: { of: 'ratio', atMost: MAX_RATIO } } as const);
  const stall = {
    floor: machineStallMs,
    unit: 'ms',
    target: { of: 'figure', atMost: MAX_STALL_MS },
  } as const;
  return [
    {
      what: `an update of 10 values, ${name}`,
      figure: mesh.updateUs,
      floor: ten.mesh.updateUs,
      unit: 'µs',
      ...growth,
    },
    { what: `[GET], ${name}`, figure: mesh.getUs, floor: ten.mesh.getUs, unit: 'µs', ...growth },
    {
      what: `resident in all, ${name}`,
      figure: mesh.residentMb,
      floor: ten.mesh.residentMb,
      unit: 'MB',
      target: { of: 'figure', atMost: MAX_RESIDENT_MB },
    },
    {
      what: `NINFO, ${name}, ${(rest.ninfoBytes / 1e6).toFixed(1)} MB`,
      figure: rest.ninfoMs,
      unit: 'ms',
      target: { of: 'figure', atMost: MAX_NINFO_MS },
    },
    { what: `longest stall by NINFO, ${name}`, figure: rest.ninfoStallMs, ...stall },
    { what: `longest stall in 3 s without it, ${name}`, figure: rest.restStallMs, ...stall },
  ];
}

async function grow(nodes: number, folder: string): Promise<Grown> {
  const child = fork(SCRIPT, [String(nodes), folder]);
  const [mesh] = (await once(child, 'message')) as [GrownMesh];
  await stallOf(child);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const restStallMs = await stallOf(child);
  const times: number[] = [];
  const stalls: number[] = [];
  let ninfoBytes = 0;
  for (let round = 0; round < NINFO_ROUNDS; round++) {
    const begun = performance.now();
    ninfoBytes = await ninfo(mesh.socket);
    times.push(performance.now() - begun);
    stalls.push(await stallOf(child));
  }
  child.kill('SIGKILL');
  return { nodes, mesh, ninfoMs: median(times), ninfoStallMs: median(stalls), ninfoBytes, restStallMs };
}

async function stallOf(child: ChildProcess): Promise<number> {
  child.send('stall');
  const [{ stallMs }] = (await once(child, 'message')) as [{ stallMs: number }];
  return stallMs;
}

function ninfo(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let length = 0;
    socket.on('data', (chunk) => {
      length += chunk.length;
    });
    socket.on('error', reject).on('close', () => resolve(length));
    socket.write('NINFO\0\0');
  });
}

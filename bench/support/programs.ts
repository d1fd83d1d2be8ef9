/** The gateway and the floors as processes of their own, with the probe inside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '../../src/client/index.js';
import type { Usage } from './probe.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const OPEN: readonly string[] = ['probing', 'up'];
const PROBE = new URL('./probe.js', import.meta.url).href;

export interface Program {
  readonly pid: number;
  /** Where it serves clients. */
  readonly socket: string;
  /** `watch` begins to watch the event loop. */
  usage(watch?: 'watch'): Promise<Usage>;
  stop(): Promise<void>;
}

/** A folder for sockets and state, which goes with the benchmark. */
export async function inFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mg-bench-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `meshgate start` with everything on but the dashboard, unless the arguments say otherwise; its port is open. */
export async function startGateway(
  folder: string,
  args: readonly string[],
  name = 'gateway',
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const socket = join(folder, name);
  const state = join(folder, `${name}-state`);
  const program = await start(
    [MAIN, 'start', '--http', 'off', '--socket', socket, '--state', state, ...args],
    socket,
    env,
  );
  await untilOpen(socket);
  return program;
}

/** What is sent before the port is open may be lost: opening it discards what waits there. */
async function untilOpen(socket: string): Promise<void> {
  const client = await connect({ socket });
  while (!OPEN.includes((await client.status()).link.state)) await pause(10);
  client.close();
}

/** One of `bench/floors`, given the socket that it is to serve and the arguments; it says when it is ready. */
export function startFloor(folder: string, name: string, ...args: readonly string[]): Promise<Program> {
  const socket = join(folder, `floor-${name}`);
  rmSync(socket, { force: true });
  const script = fileURLToPath(new URL(`../floors/${name}.js`, import.meta.url));
  return start([script, socket, ...args], socket);
}

async function start(
  args: readonly string[],
  socket: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const child = spawn(process.execPath, ['--import', PROBE, ...args], {
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    env: { ...process.env, ...env },
  });
  child.stdout?.resume();
  await Promise.race([once(child.stdout ?? child, 'data'), failed(child)]);
  return {
    pid: child.pid ?? 0,
    socket,
    async usage(watch) {
      child.send(watch ?? 'usage');
      const [usage] = (await once(child, 'message')) as [Usage];
      return usage;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`${child.spawnargs.join(' ')} ended with ${code}`);
}

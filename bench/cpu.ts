/**
 * How much of a core the gateway takes: idle (a root that says nothing), and with a virtual mesh of 50 nodes at 1 Hz
 * in another process, over a real pseudo-terminal. The floor beside it is a Node process that only waits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const WARM_UP_MS = 6000;
const MEASURE_MS = 15_000;
/** Clock ticks a second in /proc/PID/stat: fixed on Linux. */
const TICKS_PER_SECOND = 100;

export async function run(): Promise<object[]> {
  const directory = await mkdtemp(join(tmpdir(), 'meshgate-bench-'));
  try {
    return [
      {
        what: 'floor: a Node process that waits',
        ...(await measure([['-e', 'setInterval(() => {}, 1e6)']])),
      },
      { what: 'idle, no device', ...(await measure([gateway(directory, 'idle', '/nowhere/tty')])) },
      { what: '50 virtual nodes at 1 Hz, over a pty', ...(await measureOnPty(directory)) },
      {
        what: '50 virtual nodes at 1 Hz, in the same process',
        ...(await measure([
          [MAIN, 'start', '--simulate', '--nodes', '50', '--http', 'off', '--socket', join(directory, 'sim')],
        ])),
      },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function gateway(directory: string, name: string, port: string): string[] {
  return [MAIN, 'start', '--port', port, '--http', 'off', '--socket', join(directory, name)];
}

async function measureOnPty(directory: string) {
  const pty = join(directory, 'tty');
  return measure([gateway(directory, 'pty', pty), [MAIN, 'simulate', '--pty', pty, '--nodes', '50']]);
}

/** Runs all, and measures the first. */
async function measure(commands: readonly string[][]) {
  const children = commands.map((args) => spawn(process.execPath, args, { stdio: 'ignore' }));
  const [first] = children;
  await pause(WARM_UP_MS);
  const before = cpuSeconds(first);
  await pause(MEASURE_MS);
  const used = cpuSeconds(first) - before;
  const residentMb = residentBytes(first) / 1e6;
  for (const child of children) child.kill('SIGINT');
  return {
    'CPU, % of a core': ((used / MEASURE_MS) * 100_000).toFixed(2),
    'resident, MB': residentMb.toFixed(0),
  };
}

function cpuSeconds(child: ChildProcess | undefined): number {
  const fields = readFileSync(`/proc/${child?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentBytes(child: ChildProcess | undefined): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child?.pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

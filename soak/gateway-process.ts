import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const HEAP_PROBE = new URL('./heap-probe.js', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
/** Clock ticks a second in /proc/PID/stat: fixed on Linux. */
const TICKS_PER_SECOND = 100;
/** Time for the gateway to stop. */
const STOPS_WITHIN_MS = 20_000;

/** Resource usage of a process. */
export interface ProcessSample {
  readonly residentBytes: number;
  /** Live heap after the last garbage collection; undefined before the first. */
  readonly liveHeapBytes: number | undefined;
  readonly descriptors: number;
  /** Seconds of CPU since it began. */
  readonly cpuS: number;
}

/** The gateway under test: the real program, started as a user would, one process after another. */
export class GatewayProcess {
  readonly socket: string;
  readonly #args: readonly string[];
  readonly #heapFile: string;
  readonly #log: number;
  #child: ChildProcess | undefined;
  #isExpectedToRun = false;
  /** Runs that ended unexpectedly, and how. */
  readonly failures: string[] = [];

  constructor(directory: string, port: string) {
    this.socket = join(directory, 'meshgate.sock');
    const state = join(directory, 'state');
    this.#heapFile = join(directory, 'heap');
    this.#args = [
      '--import',
      HEAP_PROBE,
      MAIN,
      'start',
      '--port',
      port,
      '--state',
      state,
      '--socket',
      this.socket,
      '--http',
      'off',
    ];
    this.#log = openSync(join(directory, 'gateway.log'), 'a');
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  start(): void {
    rmSync(this.#heapFile, { force: true });
    const child = spawn(process.execPath, [...this.#args], {
      stdio: ['ignore', this.#log, this.#log],
      env: { ...process.env, SOAK_HEAP_FILE: this.#heapFile },
    });
    this.#child = child;
    this.#isExpectedToRun = true;
    child.once('exit', (code, signal) => {
      if (this.#isExpectedToRun) this.failures.push(`exit ${code ?? signal}`);
      this.#isExpectedToRun = false;
    });
  }

  /** Sends the signal and waits until it has ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || !this.isRunning) return;
    this.#isExpectedToRun = false;
    const exited = once(child, 'exit');
    child.kill(signal);
    if (await isInTime(exited, STOPS_WITHIN_MS)) return;
    this.failures.push(`did not stop within ${STOPS_WITHIN_MS / 1000} s of ${signal}`);
    child.kill('SIGKILL');
    await exited;
  }

  /** Undefined when it is not running. */
  sample(): ProcessSample | undefined {
    if (!this.isRunning || this.pid === undefined) return undefined;
    try {
      return { ...sampleOf(this.pid), liveHeapBytes: readNumber(this.#heapFile) };
    } catch {
      return undefined;
    }
  }
}

async function isInTime(done: Promise<unknown>, ms: number): Promise<boolean> {
  const hasEnded = new AbortController();
  const late = pause(ms, false, { signal: hasEnded.signal }).catch(() => false);
  return Promise.race([done.then(() => true), late]).finally(() => hasEnded.abort());
}

function readNumber(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  return Number(readFileSync(file, 'utf8')) || undefined;
}

function sampleOf(pid: number): Omit<ProcessSample, 'liveHeapBytes'> {
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return {
    residentBytes: Number(resident?.[1]) * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

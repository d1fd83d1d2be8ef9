import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Waiters } from './waiters.js';

/** The entry of the command line, beside this file in the output folder of the compiler. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

const GREETING = /^meshgate \S+ serves clients on (.+)$/m;

export type Environment = Readonly<Record<string, string>>;

/** Virtual hops lose one message in a hundred by default: a test that asks once needs its answer. */
const LOSSLESS: Environment = { MESHGATE_SIMULATION_LOSS: '0' };

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The whole environment of a command whose own directory is `home`. */
export function environmentOf(home: string, env: Environment): Environment {
  return { PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: home, ...LOSSLESS, ...env };
}

const running = new Set<MeshgateProcess>();

/** Call this at the end of a test file: a failed test leaves its processes behind. */
export async function killProcesses(): Promise<void> {
  await Promise.all([...running].map((started) => started.stop('SIGKILL')));
}

/** A `meshgate` process, whatever its subcommand. */
export class MeshgateProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Where it keeps its history, unless `env` names another directory; removed with it. */
  readonly #stateHome = mkdtempSync(join(tmpdir(), 'mg-state-'));
  #stdout = '';
  #stderr = '';
  #hasEnded = false;
  readonly #waiters = new Waiters(() => `\n${this.#stdout}${this.#stderr}`);

  /**
   * `ownGroup`: in a process group of its own, as in a terminal, so that a signal reaches it and all that it starts.
   * `maxFiles`: limit of open files, sockets included. `hasInput`: `child.stdin` can be written to.
   */
  constructor(
    args: readonly string[],
    env: Environment = {},
    { ownGroup = false, maxFiles = 0, hasInput = false } = {},
  ) {
    const command = [process.execPath, MAIN, ...args];
    const limited =
      maxFiles > 0 ? ['sh', '-c', `ulimit -n ${maxFiles}; exec "$0" "$@"`, ...command] : command;
    const [file = '', ...given] = limited;
    this.child = spawn(file, given, {
      env: environmentOf(this.#stateHome, env),
      stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: ownGroup,
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#waiters.look();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#waiters.look();
    });
    this.ended = this.#untilEnded();
    running.add(this);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves when its standard output matches; rejects when it ends or takes too long. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waiters.until(() => pattern.exec(this.#stdout));
  }

  /** The same for its log. */
  logged(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waiters.until(() => pattern.exec(this.#stderr));
  }

  /** Sends a signal and waits for the exit. */
  stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    if (!this.#hasEnded) this.child.kill(signal);
    return this.ended;
  }

  async #untilEnded(): Promise<Ended> {
    const [code, signal] = (await once(this.child, 'close')) as [number | null, NodeJS.Signals | null];
    this.#hasEnded = true;
    rmSync(this.#stateHome, { recursive: true, force: true });
    running.delete(this);
    this.#waiters.end();
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
  }
}

export type RunningGateway = MeshgateProcess & { readonly socketPath: string };

/** `meshgate start …`: resolves when its banner is printed, which it is when clients can connect. */
export async function startProcess(
  args: readonly string[],
  env: Environment = {},
  options: { maxFiles?: number } = {},
): Promise<RunningGateway> {
  const started = new MeshgateProcess(['start', ...args], env, options);
  try {
    const [, served = ''] = await started.printed(GREETING);
    const [socketPath = ''] = served.split(', ');
    return Object.assign(started, { socketPath });
  } catch (error) {
    await started.stop('SIGKILL');
    throw error;
  }
}

/** Runs `meshgate …` until it exits. */
export function runToEnd(args: readonly string[], env: Environment = {}): Promise<Ended> {
  return new MeshgateProcess(args, env).ended;
}

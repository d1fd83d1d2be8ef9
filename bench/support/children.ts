/** Processes that a benchmark starts. None outlives it, however it ends. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { within } from './deadline.js';

const GOODBYE_MS = 8000;

const running = new Set<number>();

/** To be called with the id of each process that is started; it is killed when the benchmark ends before it does. */
export function endWithBenchmark(pid: number): void {
  if (running.size === 0) {
    process.once('exit', killAll);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  }
  running.add(pid);
}

function killAll(): void {
  for (const pid of running) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** `node` with a script and its arguments. */
export function startNode(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(process.execPath, args, options);
  const { pid } = child;
  if (pid !== undefined) {
    endWithBenchmark(pid);
    child.once('exit', () => running.delete(pid));
  }
  return child;
}

/** Asks it to end; kills it if it does not. */
export async function stopNode(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  const isOver = await within(GOODBYE_MS, 'the end of a process', ended).catch(() => undefined);
  if (isOver === undefined) child.kill('SIGKILL');
}

/** A script that answers each line on its standard input by a line of JSON, and says one when it is ready. */
export class Helper {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(script: URL, ...args: readonly string[]) {
    this.#child = startNode([script.pathname, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.pid = this.#child.pid ?? 0;
    const { stdout } = this.#child;
    if (!stdout) throw new Error('a helper has no output');
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** Rejects when it takes too long, or when the helper has ended. */
  async ask<Answer>(question: string, patienceMs: number): Promise<Answer> {
    this.#child.stdin?.write(`${question}\n`);
    return this.ready<Answer>(patienceMs, question);
  }

  async ready<Answer>(patienceMs: number, what = 'to be ready'): Promise<Answer> {
    const { value, done } = await within(patienceMs, `a helper's answer to "${what}"`, this.#answers.next());
    if (done) throw new Error(`a helper ended before it answered "${what}"`);
    return JSON.parse(value) as Answer;
  }

  stop(): Promise<void> {
    return stopNode(this.#child);
  }
}

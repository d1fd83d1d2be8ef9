import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS, Waiters } from './waiters.js';

/** Tests that need Python: `const pythonTest = hasPython ? test : test.skip`. */
export const hasPython = spawnSync('python3', ['--version']).status === 0;

/** The folder of package.json: two above the compiled tests. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the repository. */
  readonly cwd?: string;
  /** It is killed when it has not exited by then. */
  readonly timeoutMs?: number;
}

/** A program that a test runs. */
export class Program {
  readonly #child: ChildProcess;
  /** Resolves with its exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
  #output = '';
  readonly #waiters = new Waiters(() => `\n${this.#output}`);

  constructor(
    command: string,
    args: readonly string[],
    { env = {}, cwd = ROOT, timeoutMs = 2 * PATIENCE_MS }: ProgramOptions,
  ) {
    this.#child = spawn(command, args, {
      cwd,
      env: { ...environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#waiters.look();
      });
    }
    this.ended = once(this.#child, 'close').then(([code]) => {
      this.#waiters.end();
      return code as number | null;
    });
  }

  /** Resolves when its output matches; rejects when it ends or takes too long. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waiters.until(() => pattern.exec(this.#output));
  }

  /** Everything that it has printed to both outputs. */
  get output(): string {
    return this.#output;
  }
}

/** The user's own environment about gateways and state directories is removed. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(MESHGATE|XDG|LISTEN|NOTIFY)_/.test(name),
  );
  return { ...Object.fromEntries(entries), PYTHONDONTWRITEBYTECODE: '1' };
}

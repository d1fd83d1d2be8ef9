/**
 * Runs commands in this process: for tests of what a command prints and of its exit code, of which a process of its own
 * would not show more. What concerns the process (signals, pipes, its end) needs `runToEnd`.
 */
import { runCommandLine } from '../../src/cli/run-command-line.js';
import { temporaryFolder } from './gateway-fixture.js';
import { type Ended, type Environment, environmentOf } from './process-fixture.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A command writes to the streams of the process and reads its environment: one at a time. */
let last: Promise<unknown> = Promise.resolve();

/** Runs `meshgate …` in this process, after those that run already. It must end by itself, without `process.exit()`. */
export function runHere(args: readonly string[], env: Environment = {}): Promise<Ended> {
  const run = last.then(() => runAlone(args, env));
  last = run.catch(() => {});
  return run;
}

async function runAlone(args: readonly string[], env: Environment): Promise<Ended> {
  const home = temporaryFolder();
  const restoreEnv = replaceEnvironment(environmentOf(home.path, env));
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  const forgetListeners = rememberListeners();
  const exitCode = process.exitCode;
  process.exitCode = undefined;
  try {
    await runCommandLine(args);
    return {
      code: Number(process.exitCode ?? 0),
      signal: null,
      stdout: stdout.text(),
      stderr: stderr.text(),
    };
  } finally {
    process.exitCode = exitCode;
    forgetListeners();
    stdout.restore();
    stderr.restore();
    restoreEnv();
    home.remove();
  }
}

/** Returns what restores it. */
function replaceEnvironment(env: Environment): () => void {
  const before = { ...process.env };
  const set = (values: NodeJS.ProcessEnv) => {
    for (const name of Object.keys(process.env)) if (!(name in values)) delete process.env[name];
    for (const [name, value] of Object.entries(values))
      if (process.env[name] !== value) process.env[name] = value;
  };
  set(env);
  return () => set(before);
}

/** A process that ends need not remove its signal handlers. Returns what removes those that were added. */
function rememberListeners(): () => void {
  const before = SIGNALS.map((signal) => process.listeners(signal));
  return () => {
    for (const [index, signal] of SIGNALS.entries())
      for (const listener of process.listeners(signal))
        if (!before[index]?.includes(listener)) process.off(signal, listener);
  };
}

/** Collects what is written to a stream, which does not get it. */
function capture(stream: NodeJS.WriteStream) {
  const { write } = stream;
  const pieces: Buffer[] = [];
  stream.write = (piece: string | Uint8Array, ...more: unknown[]) => {
    pieces.push(Buffer.from(piece as Uint8Array));
    const onWritten = more.at(-1);
    if (typeof onWritten === 'function') setImmediate(onWritten as () => void);
    return true;
  };
  return {
    text: () => Buffer.concat(pieces).toString('utf8'),
    restore: () => {
      stream.write = write;
    },
  };
}

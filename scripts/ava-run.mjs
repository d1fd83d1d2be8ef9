/** Runs ava, which prints its own report; gives the outcome of each test, as scripts/ava-events.mjs sends it. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUN_ENDED } from './ava-events.mjs';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const AVA = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');

/** ava waits without a limit for a test file that ignores SIGTERM. No test may take as long as this. */
const MAX_SILENCE_MS = 600_000;

/** `{ kind, title, file }` of each test, and of each file that broke; no `file` where ava itself failed. */
export async function runAva(args) {
  const outcomes = [];
  let hasEnded = false;
  // Its own process group, so that what ava started ends with it.
  const ava = fork(AVA, args, { cwd: root, detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const watchdog = setTimeout(() => killGroup(ava, 'SIGKILL'), MAX_SILENCE_MS);
  ava.on('message', (outcome) => {
    watchdog.refresh();
    if (outcome.kind === RUN_ENDED.kind) hasEnded = true;
    else outcomes.push(outcome);
  });
  const code = await endOf(ava);
  clearTimeout(watchdog);
  return [...outcomes, ...failureOfAva(code, hasEnded, outcomes)];
}

/** The same for one file; nothing runs beside it. */
export function runFile(file) {
  return runAva([file, '--concurrency', '1']);
}

/** The exit code. Ctrl-C reaches only this process, so it is passed on. */
async function endOf(ava) {
  const forward = (signal) => killGroup(ava, signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  const code = await new Promise((resolve) => ava.on('close', resolve));
  for (const signal of signals) process.off(signal, forward);
  return code;
}

function killGroup(ava, signal) {
  try {
    process.kill(-ava.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** ava may fail without a failed test: a bad option, no memory. */
function failureOfAva(code, hasEnded, outcomes) {
  if (!hasEnded) return [{ kind: 'failed', title: 'ava ended before all tests did' }];
  if (code === 0 || outcomes.some(({ kind }) => kind === 'failed')) return [];
  return [{ kind: 'failed', title: 'ava failed although no test did: see its report above' }];
}

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the source tree. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Runs a program to its end, and returns what it printed. Throws when it fails. */
export function run(command, args, options = {}) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args[0]}: exit status ${status}`);
  return stdout;
}

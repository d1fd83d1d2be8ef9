import { availableParallelism } from 'node:os';
import { observeRun } from './scripts/ava-events.mjs';

/** ava's interface for custom reporters. It may change in any release of ava, so ava's version is pinned. */
const observer = { nonSemVerExperiments: { observeRunsFromConfig: true }, observeRun };

export default {
  files: ['dist/test/**/*.test.js'],
  workerThreads: false,
  // One more than cores: many tests wait for a process, a timer or the disk.
  concurrency: availableParallelism() + 1,
  timeout: '180s',
  // Only for scripts/ava-run.mjs: ava prints a warning about the interface.
  ...(process.send === undefined ? {} : observer),
};

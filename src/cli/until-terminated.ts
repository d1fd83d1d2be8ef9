/** What came first. */
export type Termination = 'bySignal' | 'aborted';

/** Resolves at the first Ctrl-C or polite kill, or when `signal` aborts. A second Ctrl-C ends the process at once. */
export function untilTerminated(signal?: AbortSignal): Promise<Termination> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve('bySignal'));
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}

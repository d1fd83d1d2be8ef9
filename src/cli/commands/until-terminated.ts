/** What came first. */
export type Termination = 'bySignal' | 'aborted';

/** Resolves at the first Ctrl-C or polite kill, or when `signal` aborts. A second Ctrl-C ends the process at once. */
export function untilTerminated(signal?: AbortSignal): Promise<Termination> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve('bySignal'));
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}

/** Aborts at the first Ctrl-C or polite kill; what runs may end itself by it too. */
export function abortWhenTerminated(): AbortController {
  const ended = new AbortController();
  void untilTerminated().then(() => ended.abort());
  return ended;
}

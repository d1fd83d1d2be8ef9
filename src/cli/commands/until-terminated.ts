/** Which happened first. */
export type Termination = 'bySignal' | 'aborted';

/** Resolves at the first SIGINT or SIGTERM, or when `signal` aborts. A second SIGINT ends the process at once. */
export function untilTerminated(signal?: AbortSignal): Promise<Termination> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve('bySignal'));
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}

/** Aborts at the first SIGINT or SIGTERM; the caller may abort it too. */
export function abortWhenTerminated(): AbortController {
  const ended = new AbortController();
  void untilTerminated().then(() => ended.abort());
  return ended;
}

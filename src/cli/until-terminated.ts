/** Resolves at the first Ctrl-C or polite kill, or when `signal` aborts. A second Ctrl-C ends the process at once. */
export function untilTerminated(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}

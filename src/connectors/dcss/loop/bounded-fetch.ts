/** One HTTP request with a time-out and a limit for the answer. */
import type { Clock } from '../../../base/clock.js';
import { errorText } from '../../../base/errors.js';

export interface BoundedRequest {
  readonly url: string;
  /** JSON; POST with it, GET without. */
  readonly body?: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export const FETCH_FAILURES = ['unreachable', 'timedOut', 'refused', 'tooLong', 'cancelled'] as const;
export type FetchFailure = (typeof FETCH_FAILURES)[number];

export type FetchOutcome =
  | { readonly bytes: Buffer }
  /** `detail`: for the log. */
  | { readonly failure: FetchFailure; readonly detail: string };

/** Never rejects. */
export async function boundedFetch(request: BoundedRequest, clock: Clock): Promise<FetchOutcome> {
  const { url, body, timeoutMs, maxBytes, signal } = request;
  const ended = new AbortController();
  let failure: FetchFailure = 'unreachable';
  const end = (why: FetchFailure) => {
    failure = why;
    ended.abort();
  };
  const cancel = clock.after(timeoutMs, () => end('timedOut'));
  const onAbort = () => end('cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal?.aborted) end('cancelled');
    const response = await fetch(url, {
      ...(body !== undefined && { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
      redirect: 'error',
      signal: ended.signal,
    });
    const bytes = await readAtMost(response, maxBytes);
    if (!bytes) end('tooLong');
    if (!bytes) return { failure, detail: `an answer of more than ${maxBytes} bytes` };
    return response.ok ? { bytes } : { failure: 'refused', detail: `status ${response.status}` };
  } catch (error) {
    return { failure, detail: causeOf(error) };
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

async function readAtMost({ body }: Response, limit: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `fetch` says only "fetch failed". */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? errorText(error.cause) : errorText(error);
}

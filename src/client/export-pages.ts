import type { ExportedValue } from '../api/shapes.js';
import type { Params, Result } from './rpc-core.js';

export type ExportOptions = Omit<Params<'export'>, 'after'> & {
  /** Ends the export with the signal's reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
};

export interface ExportPage {
  readonly values: readonly ExportedValue[];
  /** Share of the range exported so far, 0 to 1. */
  readonly progress: number;
  /** Number of values without fields: their type in data-types.json has changed since they were stored. */
  readonly undecoded: number;
}

/** Default page size: larger pages are not faster, and delay other clients of the gateway. */
const PAGE_LENGTH = 2000;

/** Fetches pages one at a time, each when the previous one has been used. Rejects like `ask`. */
export async function* exportPages(
  ask: (params: Params<'export'>) => Promise<Result<'export'>>,
  { limit = PAGE_LENGTH, ...params }: Omit<ExportOptions, 'signal'>,
): AsyncGenerator<ExportPage, void, undefined> {
  let after: string | undefined;
  do {
    const { values, progress, undecoded = 0, next } = await ask({ ...params, limit, after });
    after = next ?? undefined;
    yield { values, progress, undecoded };
  } while (after !== undefined);
}

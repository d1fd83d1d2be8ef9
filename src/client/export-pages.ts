import type { ExportedValue } from '../api/shapes.js';
import type { Params, Result } from './rpc-core.js';

export type ExportOptions = Omit<Params<'export'>, 'after'> & {
  /** Ends it with the signal's reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
};

export interface ExportPage {
  readonly values: readonly ExportedValue[];
  /** How much has been gone through, 0 to 1. */
  readonly progress: number;
  /** Values among them without fields, since data-types.json has changed since they were stored. */
  readonly undecoded: number;
}

/** Values in a page, unless told otherwise: larger ones are no faster, and keep the gateway from others for longer. */
const PAGE_LENGTH = 2000;

/** Asks for one page after the other, each when the one before has been taken. Rejects as `ask` does. */
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

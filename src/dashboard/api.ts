/** The session's methods by name: what the page may ask, and what it gets. */
import type { SessionApi } from '../api/methods/index.js';

export type MethodName = keyof SessionApi;
export type Params<Name extends MethodName> = SessionApi[Name]['params'];
export type Result<Name extends MethodName> = SessionApi[Name]['result'];
export type Role = Result<'hello'>['role'];

/** The gateway refused a request, or it was lost on the way. `code`: of docs/protocol.md, or `CONNECTION_LOST`. */
export class RequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

/** What a person is told about a failure. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

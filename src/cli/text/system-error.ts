import { getSystemErrorMap } from 'node:util';
import { errorText } from '../../base/errors.js';

/**
 * The operating system's words for an error of a file, a socket or a process: `no such file or directory` instead of
 * `ENOENT: no such file or directory, open 'x'`. Other errors have their own text.
 */
export function systemErrorText(error: unknown): string {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  const [, text] = (typeof errno === 'number' ? getSystemErrorMap().get(errno) : undefined) ?? [];
  return text ?? errorText(error);
}

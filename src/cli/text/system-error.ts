/** Errors of the operating system in words: users should not have to know what ENOENT means. */
import { getSystemErrorMap } from 'node:util';
import { errorText } from '../../base/errors.js';

/** `ENOENT: no such file or directory, open 'x'`: how Node reports a failed call on a file. */
const FILE_CALL = /\bE[A-Z0-9]{3,}: ([^,\n]+), [a-z]+(?: '[^'\n]*')?(?: -> '[^'\n]*')?/g;
/** `listen EADDRINUSE: address already in use …` */
const DESCRIBED_CALL = /\b(?:bind|connect|listen) E[A-Z0-9]{3,}: /g;
/** `connect ECONNREFUSED 127.0.0.1:1883` */
const CALL = /\b(?:connect|getaddrinfo|listen|read|write) (E[A-Z0-9]{3,})\b/g;

/** The system's words for an error of a file, a socket or a process: `no such file or directory`. */
export function systemErrorText(error: unknown): string {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  const [, text] = (typeof errno === 'number' ? getSystemErrorMap().get(errno) : undefined) ?? [];
  return text ?? withoutErrno(errorText(error));
}

/** A text with each error of a system call in words. */
export function withoutErrno(text: string): string {
  return text
    .replace(FILE_CALL, '$1')
    .replace(DESCRIBED_CALL, '')
    .replace(CALL, (call, code: string) => wordsOf(code) ?? call);
}

function wordsOf(code: string): string | undefined {
  if (code === 'ENOTFOUND') return 'unknown host';
  return [...getSystemErrorMap().values()].find(([name]) => name === code)?.[1];
}

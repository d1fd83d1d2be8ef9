import { wrapAnsi } from 'fast-wrap-ansi';

/** The text in lines of at most `columns`, broken between words; longer words are not split. */
export function wrap(text: string, columns: number | undefined): string[] {
  return columns === undefined ? [text] : wrapAnsi(text, columns).split('\n');
}

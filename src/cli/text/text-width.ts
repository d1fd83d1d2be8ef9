/** The width of text on a terminal. `text` must be clean: see `cleanText`. */
import fastStringWidth from 'fast-string-width';

const ASCII = /^[\x20-\x7e]*$/;

/** Width in columns. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : fastStringWidth(text);
}

/** The text in at most `columns`, ending in `…` if it was cut. */
export function shorten(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  for (const { segment } of charactersOf(text)) {
    if (widthOf(kept + segment) >= columns) break;
    kept += segment;
  }
  return columns > 0 ? `${kept.trimEnd()}…` : '';
}

/** Padded with spaces to `columns`. */
export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, columns - widthOf(text)));
  return align === 'left' ? text + spaces : spaces + text;
}

/** Called only when needed: the first segmenter of a process takes 8 ms, a large part of a short command. */
function charactersOf(text: string): Intl.Segments {
  return new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text);
}

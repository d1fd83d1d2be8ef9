/**
 * The text of an xos message: tokens separated by spaces, the first of which is its name. DCSS scans each token into 80
 * bytes without a bound, and builds messages about motors in 200 bytes: nothing that is longer may be sent.
 */

export const MAX_NAME = 39;
export const MAX_TOKEN = 79;
/** Contents of a string device. */
export const MAX_STRING = 1880;
/** Text of a message in protocol 1, and of messages about motors in either protocol. */
export const MAX_FIXED_TEXT = 199;

/** Name of a device or an operation. */
export function isName(token: string): boolean {
  return /^[A-Za-z0-9_]{1,39}$/.test(token);
}

export function tokensOf(text: string): string[] {
  return text.split(/\s+/).filter((token) => token !== '');
}

/** What follows the first `count` tokens, with its own spacing. */
export function restAfter(text: string, count: number): string {
  let at = 0;
  for (let skipped = 0; skipped < count; skipped++) {
    const [token = ''] = /^\s*\S+\s*/.exec(text.slice(at)) ?? [];
    at += token.length;
  }
  return text.slice(at).trimEnd();
}

/** One token that DCSS can read: printable ASCII without spaces, 79 characters at most; never empty. */
export function cleanToken(text: string): string {
  const cleaned = text.replace(/[^\x21-\x7e]+/g, '_').slice(0, MAX_TOKEN);
  return cleaned === '' ? '_' : cleaned;
}

/** The words of any text, as tokens that DCSS can read; a longer word is cut into several. */
export function wordsOf(text: string): string[] {
  return tokensOf(text).flatMap((word) => {
    const cleaned = word.replace(/[^\x21-\x7e]+/g, '_');
    return Array.from({ length: Math.ceil(cleaned.length / MAX_TOKEN) }, (_, part) =>
      cleaned.slice(part * MAX_TOKEN, (part + 1) * MAX_TOKEN),
    );
  });
}

/** Joins words into texts of at most `room` characters; a single word is never split. */
export function packWords(words: readonly string[], room: number): string[] {
  const texts: string[] = [];
  for (const word of words) {
    const last = texts.at(-1);
    const joined = last === undefined ? word : `${last} ${word}`;
    if (last === undefined || joined.length > room) texts.push(word);
    else texts[texts.length - 1] = joined;
  }
  return texts;
}

/** The words that fit into `room` characters. */
export function cutWords(words: readonly string[], room: number): string {
  const [text = ''] = packWords(words, room);
  return text.length <= room ? text : '';
}

/** True if DCSS can read every token of the text. */
export function isReadable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text) && tokensOf(text).every((token) => token.length <= MAX_TOKEN);
}

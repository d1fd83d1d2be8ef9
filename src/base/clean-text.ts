import { stripVTControlCharacters } from 'node:util';

const CONTROL_CHARACTERS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/**
 * Text from the mesh or from a client as one line that is safe on a terminal and in a log: escape sequences are
 * removed, runs of control characters (and of those that turn the writing direction) become one space.
 */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL_CHARACTERS, ' ').trim();
}

/** The same for a text that may have several lines: those behind the first are indented, and so tell what they are. */
export function cleanLines(text: string, indent: string): string {
  return text.split('\n').map(cleanText).join(`\n${indent}`);
}

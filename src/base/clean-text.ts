import { stripVTControlCharacters } from 'node:util';

const CONTROL_CHARACTERS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/**
 * Makes text from the mesh or a client safe for a terminal and a log, as one line: removes escape sequences, and replaces
 * runs of control characters (including those that change the writing direction) with one space.
 */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL_CHARACTERS, ' ').trim();
}

/** The same for text of several lines: lines after the first are indented, to show that they belong to it. */
export function cleanLines(text: string, indent: string): string {
  return text.split('\n').map(cleanText).join(`\n${indent}`);
}

/** What a person types for a thing that has a name and a number: nodes, data types, messages. */

/** What looks like nothing on a screen: zero-width characters, marks of writing direction and the like. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Two names with the same key are the same name to a person: case (as Unicode folds it), how accents are composed, what
 * is invisible, and how many blanks there are do not matter.
 */
export function nameKey(name: string): string {
  const visible = name.normalize('NFC').replace(INVISIBLE, '').trim().replace(/\s+/gu, ' ');
  return visible.toUpperCase().toLowerCase().normalize('NFC');
}

/** The number that a text reads as, written as 5 or 0x5, of any size; undefined for other texts. */
export function numberIn(text: string): number | undefined {
  return /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : undefined;
}

/** The word that commands take for every node. */
export const ALL_NODES = 'all';

/** Names and numbers that people type for nodes, data types and messages. */

/** Characters that can't be seen: zero-width characters, direction marks and the like. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Two names with the same key look the same to people: ignores case (as Unicode folds it), composition of accents,
 * invisible characters, and the amount of white space.
 */
export function nameKey(name: string): string {
  const visible = name.normalize('NFC').replace(INVISIBLE, '').trim().replace(/\s+/gu, ' ');
  return visible.toUpperCase().toLowerCase().normalize('NFC');
}

/** The number written as 5 or 0x5, of any size; undefined for other texts. */
export function numberIn(text: string): number | undefined {
  return /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : undefined;
}

/** Means every node in commands. */
export const ALL_NODES = 'all';

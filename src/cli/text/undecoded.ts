/** A note on values that no longer match data-types.json; undefined if there are none. */
export function undecodedNote(count: number, isSummed = false): string | undefined {
  if (count === 0) return undefined;
  const [what, stored] = count === 1 ? ['1 value is', 'it was'] : [`${count} values are`, 'they were'];
  const how = isSummed ? 'left out' : 'shown as bytes';
  return `meshgate: ${what} ${how}: data-types.json has changed since ${stored} stored, or no source has declared the type`;
}

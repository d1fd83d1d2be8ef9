/** Says how many values have another type than data-types.json; undefined where there are none. */
export function undecodedNote(count: number, isSummed = false): string | undefined {
  if (count === 0) return undefined;
  const [what, stored] = count === 1 ? ['1 value is', 'it was'] : [`${count} values are`, 'they were'];
  const how = isSummed ? 'left out' : 'shown as bytes';
  return `meshgate: ${what} ${how}: data-types.json has changed since ${stored} stored`;
}

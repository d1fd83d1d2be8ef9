/** What a person is told of values whose type has changed; nothing where there are none. */
export function undecodedNote(count: number, isSummed = false): string | undefined {
  if (count === 0) return undefined;
  const what = count === 1 ? '1 value is' : `${count} values are`;
  const how = isSummed ? 'left out' : 'shown as bytes';
  return `meshgate: ${what} ${how}: data-types.json has changed since they were stored`;
}

/** Positions on earth in decoded values: the one rule for every face, the dashboard included. */

/** A value's fields by name, wherever they were decoded. */
type Fields = Readonly<Record<string, { readonly value: number | string }>>;

/** Degrees: latitude -90 to 90, longitude -180 to 180. */
export interface Position {
  readonly lat: number;
  readonly lon: number;
}

/** False for NaN, infinite numbers, and what a disturbed line or a receiver without a fix makes of a position. */
export function isOnEarth({ lat, lon }: Position): boolean {
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
}

const LATITUDES = ['latitude', 'lat'] as const;
const LONGITUDES = ['longitude', 'lon'] as const;
const NAMES: ReadonlySet<string> = new Set([...LATITUDES, ...LONGITUDES]);

/** True for the names of fields that give a position. */
export function isPositionField(name: string): boolean {
  return NAMES.has(name);
}

/** The position that a value's fields give, called `latitude` or `lat`, `longitude` or `lon`; undefined where it is not one on earth. */
export function positionIn(fields: Fields): Position | undefined {
  const lat = firstOf(fields, LATITUDES);
  const lon = firstOf(fields, LONGITUDES);
  if (typeof lat !== 'number' || typeof lon !== 'number') return undefined;
  return isOnEarth({ lat, lon }) ? { lat, lon } : undefined;
}

/** Of the first of these names that there is. */
function firstOf(fields: Fields, names: readonly string[]): number | string | undefined {
  const name = names.find((each) => fields[each] !== undefined);
  return name === undefined ? undefined : fields[name]?.value;
}

/** A decoded value and when it came: ms since the epoch, host clock. */
export interface PositionSource {
  readonly receivedAt: number;
  readonly fields: Fields;
}

/** The newest position among a node's values. */
export function newestPosition(
  values: readonly PositionSource[],
): { readonly position: Position; readonly receivedAt: number } | undefined {
  const newestFirst = [...values].sort((a, b) => b.receivedAt - a.receivedAt);
  for (const { fields, receivedAt } of newestFirst) {
    const position = positionIn(fields);
    if (position) return { position, receivedAt };
  }
  return undefined;
}

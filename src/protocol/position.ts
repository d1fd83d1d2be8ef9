/** Positions on earth in decoded values, for every face including the dashboard. */

/** A decoded value's fields by name. */
type Fields = Readonly<Record<string, { readonly value: number | string }>>;

/** Degrees: latitude -90 to 90, longitude -180 to 180. */
export interface Position {
  readonly lat: number;
  readonly lon: number;
}

/** False for NaN, infinite numbers, and impossible positions from a noisy line or a receiver without a fix. */
export function isOnEarth({ lat, lon }: Position): boolean {
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
}

const LATITUDES = ['latitude', 'lat'] as const;
const LONGITUDES = ['longitude', 'lon'] as const;
const NAMES: ReadonlySet<string> = new Set([...LATITUDES, ...LONGITUDES]);

/** True for names of fields that are part of a position. */
export function isPositionField(name: string): boolean {
  return NAMES.has(name);
}

/** The position in the fields `latitude` or `lat` and `longitude` or `lon`; undefined if it is missing or not on earth. */
export function positionIn(fields: Fields): Position | undefined {
  const lat = firstOf(fields, LATITUDES);
  const lon = firstOf(fields, LONGITUDES);
  if (typeof lat !== 'number' || typeof lon !== 'number') return undefined;
  return isOnEarth({ lat, lon }) ? { lat, lon } : undefined;
}

/** The value of the first of these fields that exists. */
function firstOf(fields: Fields, names: readonly string[]): number | string | undefined {
  const name = names.find((each) => fields[each] !== undefined);
  return name === undefined ? undefined : fields[name]?.value;
}

/** A decoded value and its receive time: ms since the epoch, host clock. */
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

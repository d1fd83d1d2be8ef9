/** Metres east and north of the field's centre. */
export interface Point {
  readonly east: number;
  readonly north: number;
}

/** Degrees, WGS 84. */
export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

/** The field in which the robots drive; the root is in the centre. */
export interface Field {
  readonly centre: Coordinates;
  /** Metres, west to east. */
  readonly width: number;
  /** Metres, south to north. */
  readonly height: number;
}

/** Large enough for GPS values, which have steps of 111 m, to change. */
export const DEFAULT_FIELD: Field = {
  centre: { latitude: 44.568, longitude: -123.278 },
  width: 4_000,
  height: 3_000,
};

export const CENTRE: Point = { east: 0, north: 0 };

const METRES_PER_DEGREE = 111_320;

/** Coordinates of a point of the field, assuming a flat earth. */
export function coordinatesOf(field: Field, point: Point): Coordinates {
  const { latitude, longitude } = field.centre;
  const metresPerDegreeEast = METRES_PER_DEGREE * Math.cos((latitude * Math.PI) / 180);
  return {
    latitude: latitude + point.north / METRES_PER_DEGREE,
    longitude: longitude + point.east / metresPerDegreeEast,
  };
}

/** Metres. */
export function distanceBetween(one: Point, other: Point): number {
  return Math.hypot(one.east - other.east, one.north - other.north);
}

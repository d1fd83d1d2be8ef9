/** Metres east and north of the field's middle. */
export interface Point {
  readonly east: number;
  readonly north: number;
}

/** Degrees, WGS 84. */
export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

/** Where the robots drive; the root stands in the middle. */
export interface Field {
  readonly middle: Coordinates;
  /** Metres, west to east. */
  readonly width: number;
  /** Metres, south to north. */
  readonly height: number;
}

/** Wide enough that GPS, which counts in steps of 111 m, is seen to change. */
export const DEFAULT_FIELD: Field = {
  middle: { latitude: 44.568, longitude: -123.278 },
  width: 4_000,
  height: 3_000,
};

export const MIDDLE: Point = { east: 0, north: 0 };

const METRES_PER_DEGREE = 111_320;

/** Where on the earth a point of the field lies; the earth is flat over a few kilometres. */
export function coordinatesOf(field: Field, point: Point): Coordinates {
  const { latitude, longitude } = field.middle;
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

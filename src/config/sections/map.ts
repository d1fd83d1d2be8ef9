/** The background of the dashboard's map. */
import * as z from 'zod';
import { isOnEarth } from '../../protocol/position.js';
import { path, section, text } from '../fields.js';

const CORNERS = 'must be [north, west, south, east] in degrees, such as [44.6, -123.3, 44.5, -123.2]';
const corners = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map(Number) : value),
    z.tuple([z.number(), z.number(), z.number(), z.number()], { error: CORNERS }),
  )
  .refine(areCornersOnEarth, { error: CORNERS });

function areCornersOnEarth([north, west, south, east]: readonly [number, number, number, number]): boolean {
  const areOnEarth = isOnEarth({ lat: north, lon: west }) && isOnEarth({ lat: south, lon: east });
  return areOnEarth && north > south && west < east;
}

const TILES = 'must be a URL such as https://example.org/{z}/{x}/{y}.png';
const tiles = text(TILES).refine(
  (address) => /^https?:\/\//.test(address) && ['{z}', '{x}', '{y}'].every((part) => address.includes(part)),
  { error: TILES },
);

export const mapSection = section({
  /** A PNG or GeoTIFF background image. */
  image: path.optional(),
  /** Position of the image; not needed for a GeoTIFF in EPSG:4326. */
  corners: corners.optional(),
  /** URL from which pages load tiles; by default they load nothing from other hosts. */
  tiles: tiles.optional(),
  /** Copyright notice for the map. */
  attribution: text('must be text').optional(),
});

/** What the dashboard's map shows below its nodes. */
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

const TILES = 'must be an address such as https://example.org/{z}/{x}/{y}.png';
const tiles = text(TILES).refine(
  (address) => /^https?:\/\//.test(address) && ['{z}', '{x}', '{y}'].every((part) => address.includes(part)),
  { error: TILES },
);

export const mapSection = section({
  /** A PNG or GeoTIFF picture below the map's nodes. */
  image: path.optional(),
  /** Where the picture lies; a GeoTIFF in EPSG:4326 says so itself. */
  corners: corners.optional(),
  /** Pages load tiles from there; by default they load nothing from anywhere. */
  tiles: tiles.optional(),
  /** Whose map it is. */
  attribution: text('must be text').optional(),
});

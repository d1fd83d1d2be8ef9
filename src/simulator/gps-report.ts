import type { Coordinates } from './field.js';
import type { Random } from './random.js';

/** Nine in the morning where the field lies, 1 January 2026: the same traffic whatever the host clock says. */
const STARTS_AT_S = Date.UTC(2026, 0, 1, 17) / 1000;
const STEPS_PER_DEGREE = 1e7;

/** The line of JSON that a root of the third generation makes of a node's GPS reading. `atMs`: virtual. */
export function gpsReport(address: number, place: Coordinates, atMs: number, random: Random): string {
  const report = {
    node: address,
    gps_time: STARTS_AT_S + Math.floor(atMs / 1000),
    lat: Math.round(place.latitude * STEPS_PER_DEGREE),
    lon: Math.round(place.longitude * STEPS_PER_DEGREE),
    fixType: 3,
    gnssFixOK: 1,
    diffSoln: random.chance(0.9) ? 1 : 0,
    numSV: random.int(8, 16),
    button: 0,
  };
  return `${JSON.stringify(report)}\n`;
}

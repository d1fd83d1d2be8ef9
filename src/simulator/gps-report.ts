import type { Coordinates } from './field.js';
import type { Random } from './random.js';

/** 1 January 2026, 9:00 local time at the field. Fixed, so that traffic does not depend on the host clock. */
const STARTS_AT_S = Date.UTC(2026, 0, 1, 17) / 1000;
const STEPS_PER_DEGREE = 1e7;

/** The JSON line that a root of the third generation sends for a node's GPS reading. `atMs`: virtual. */
export function gpsReport(address: number, position: Coordinates, atMs: number, random: Random): string {
  const report = {
    node: address,
    gps_time: STARTS_AT_S + Math.floor(atMs / 1000),
    lat: Math.round(position.latitude * STEPS_PER_DEGREE),
    lon: Math.round(position.longitude * STEPS_PER_DEGREE),
    fixType: 3,
    gnssFixOK: 1,
    diffSoln: random.chance(0.9) ? 1 : 0,
    numSV: random.int(8, 16),
    button: 0,
  };
  return `${JSON.stringify(report)}\n`;
}

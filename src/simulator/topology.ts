import { distanceBetween, MIDDLE, type Point } from './field.js';

export interface Station {
  readonly address: number;
  readonly place: Point;
}

/**
 * Address → hops to the root, which stands in the middle: 1 is heard by the root itself.
 * A station that nobody has in range is heard by its nearest, with as many hops as the way has ranges: so a
 * lonely robot is slow and loses much, but only loss and churn cut it off.
 */
export function countHops(stations: Iterable<Station>, rangeM: number): Map<number, number> {
  const hops = new Map<number, number>();
  let waiting = [...stations];
  let reached: Station[] = [{ address: 0, place: MIDDLE }];
  const routed = [...reached];
  for (let hop = 1; reached.length > 0 && waiting.length > 0; hop++) {
    [reached, waiting] = splitByRange(waiting, reached, rangeM);
    for (const { address } of reached) hops.set(address, hop);
    routed.push(...reached);
  }
  attachLonely(waiting, routed, rangeM, hops);
  return hops;
}

function splitByRange(waiting: readonly Station[], heardBy: readonly Station[], rangeM: number) {
  const near: Station[] = [];
  const far: Station[] = [];
  for (const station of waiting) {
    const isNear = heardBy.some(({ place }) => distanceBetween(place, station.place) <= rangeM);
    (isNear ? near : far).push(station);
  }
  return [near, far] as [Station[], Station[]];
}

function attachLonely(
  lonely: readonly Station[],
  routed: readonly Station[],
  rangeM: number,
  hops: Map<number, number>,
): void {
  for (const { address, place } of lonely) {
    let nearest = { hops: 0, distance: Number.POSITIVE_INFINITY };
    for (const relay of routed) {
      const distance = distanceBetween(relay.place, place);
      if (distance < nearest.distance) nearest = { hops: hops.get(relay.address) ?? 0, distance };
    }
    hops.set(address, nearest.hops + Math.ceil(nearest.distance / rangeM));
  }
}

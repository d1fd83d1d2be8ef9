import { CENTRE, distanceBetween, type Point } from './field.js';

export interface Station {
  readonly address: number;
  readonly position: Point;
}

/**
 * Address → hops to the root, which is in the centre; 1 = in range of the root itself.
 * A station out of range of all others is attached to the nearest one, with one hop per radio range of distance: an
 * isolated robot is slow and loses many messages, but only loss and churn cut it off.
 */
export function countHops(stations: Iterable<Station>, rangeM: number): Map<number, number> {
  const hops = new Map<number, number>();
  let waiting = [...stations];
  let reached: Station[] = [{ address: 0, position: CENTRE }];
  const routed = [...reached];
  for (let hop = 1; reached.length > 0 && waiting.length > 0; hop++) {
    [reached, waiting] = splitByRange(waiting, reached, rangeM);
    for (const { address } of reached) hops.set(address, hop);
    routed.push(...reached);
  }
  attachIsolated(waiting, routed, rangeM, hops);
  return hops;
}

function splitByRange(waiting: readonly Station[], heardBy: readonly Station[], rangeM: number) {
  const near: Station[] = [];
  const far: Station[] = [];
  for (const station of waiting) {
    const isNear = heardBy.some(({ position }) => distanceBetween(position, station.position) <= rangeM);
    (isNear ? near : far).push(station);
  }
  return [near, far] as [Station[], Station[]];
}

function attachIsolated(
  isolated: readonly Station[],
  routed: readonly Station[],
  rangeM: number,
  hops: Map<number, number>,
): void {
  for (const { address, position } of isolated) {
    let nearest = { hops: 0, distance: Number.POSITIVE_INFINITY };
    for (const relay of routed) {
      const distance = distanceBetween(relay.position, position);
      if (distance < nearest.distance) nearest = { hops: hops.get(relay.address) ?? 0, distance };
    }
    hops.set(address, nearest.hops + Math.ceil(nearest.distance / rangeM));
  }
}

/** Where nodes are: any data type that has a latitude and a longitude tells it. */

import type { NodeInfo, PathInfo } from '../../api/shapes.js';
import { type Position, positionIn } from '../../protocol/position.js';

export type Place = Position;

export interface PlacedNode extends Place {
  readonly node: NodeInfo;
}

/** A finer place counts for so long, though a coarser one is newer. */
const FINER_FOR_MS = 60_000;

/** Where a node is, by the type that tells it most finely: the one with the most bytes. */
export function placeOf({ values }: NodeInfo): Place | undefined {
  const placed = values.filter(({ fields }) => positionIn(fields) !== undefined);
  const newest = Math.max(...placed.map(({ receivedAt }) => receivedAt));
  const fresh = placed.filter(({ receivedAt }) => newest - receivedAt < FINER_FOR_MS);
  const [finest] = fresh.sort((a, b) => b.bytes.length - a.bytes.length || b.receivedAt - a.receivedAt);
  return finest && positionIn(finest.fields);
}

export function placeNodes(nodes: readonly NodeInfo[]): PlacedNode[] {
  return nodes.flatMap((node) => {
    const place = placeOf(node);
    return place ? [{ node, ...place }] : [];
  });
}

/** Both ends of every path that can be drawn; a path with an end that has no place can't. */
export function placePaths(paths: readonly PathInfo[], nodes: readonly PlacedNode[]): [Place, Place][] {
  const places = new Map<number, Place>(nodes.map(({ node, lat, lon }) => [node.address, { lat, lon }]));
  return paths.flatMap(({ origin, target }) => {
    const from = places.get(origin);
    const to = places.get(target);
    return from && to ? [[from, to] as [Place, Place]] : [];
  });
}

export function formatPlace({ lat, lon }: Place): string {
  return `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? 'W' : 'E'}`;
}

/** Positions of nodes, from any data type that has a latitude and a longitude. */

import type { NodeInfo, PathInfo } from '../../api/shapes.js';
import { type Position, positionIn } from '../../protocol/position.js';

export type { Position };

export interface LocatedNode extends Position {
  readonly node: NodeInfo;
}

/** A more precise position is preferred to a newer one for this long. */
const PRECISE_FOR_MS = 60_000;

/** A node's position, from the most precise data type: the one with the most bytes. */
function positionOf({ values }: NodeInfo): Position | undefined {
  const located = values.filter(({ fields }) => positionIn(fields) !== undefined);
  const newest = Math.max(...located.map(({ receivedAt }) => receivedAt));
  const fresh = located.filter(({ receivedAt }) => newest - receivedAt < PRECISE_FOR_MS);
  const [best] = fresh.sort((a, b) => b.bytes.length - a.bytes.length || b.receivedAt - a.receivedAt);
  return best && positionIn(best.fields);
}

export function locateNodes(nodes: readonly NodeInfo[]): LocatedNode[] {
  return nodes.flatMap((node) => {
    const position = positionOf(node);
    return position ? [{ node, ...position }] : [];
  });
}

/** The ends of every path that can be drawn; a path is left out if the position of an end is unknown. */
export function locatePaths(
  paths: readonly PathInfo[],
  nodes: readonly LocatedNode[],
): [Position, Position][] {
  const positions = new Map<number, Position>(
    nodes.map(({ node, lat, lon }) => [node.address, { lat, lon }]),
  );
  return paths.flatMap(({ origin, target }) => {
    const from = positions.get(origin);
    const to = positions.get(target);
    return from && to ? [[from, to] as [Position, Position]] : [];
  });
}

export function formatPosition({ lat, lon }: Position): string {
  return `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? 'W' : 'E'}`;
}

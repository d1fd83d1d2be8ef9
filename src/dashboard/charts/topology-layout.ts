/** Layout of the graph: layers by number of paths from the root, each sorted by address. */
import type { NodeInfo, PathInfo } from '../../api/shapes.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedAddress extends Point {
  readonly address: number;
}

export interface Layer {
  readonly title: string;
  /** y of its first row. */
  readonly y: number;
  readonly members: readonly PlacedAddress[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly root: Point;
  readonly layers: readonly Layer[];
  readonly edges: readonly { readonly key: string; readonly from: Point; readonly to: Point }[];
  /** Nodes that are not in any path. */
  readonly unconnected: readonly number[];
  /** Number of nodes not drawn because there are too many. */
  readonly omitted: number;
}

/** More nodes would be unreadable, and make the page slow. */
export const MAX_DRAWN = 400;
const MAX_COLUMNS = 14;
const COLUMN = 84;
const ROW = 62;
const TITLE = 26;
const MARGIN = 30;
/** Addresses of the root: 0 for its own messages, 1 in the mesh. */
const ROOT = 0;
const ROOT_ADDRESSES: ReadonlySet<number> = new Set([0, 1]);

type Links = ReadonlyMap<number, ReadonlySet<number>>;

export function layOut(nodes: readonly NodeInfo[], paths: readonly PathInfo[]): Layout {
  const links = linksOf(paths);
  const hops = countHops(links);
  const connected = [...links.keys()].filter((address) => address !== ROOT);
  const ordered = connected.sort((a, b) => hopsOf(a, hops) - hopsOf(b, hops) || a - b);
  const drawn = ordered.slice(0, MAX_DRAWN);
  const columns = Math.min(
    MAX_COLUMNS,
    Math.max(1, ...groupByHops(drawn, hops).map(([, all]) => all.length)),
  );
  const width = columns * COLUMN + 2 * MARGIN;
  const root = { x: width / 2, y: MARGIN };
  const { layers, bottom } = placeLayers(groupByHops(drawn, hops), columns, width);
  const unconnected = nodes
    .map(({ address }) => address)
    .filter((address) => !isRoot(address) && !links.has(address));
  return {
    width,
    height: bottom,
    root,
    layers,
    edges: placeEdges(links, layers, root),
    unconnected,
    omitted: ordered.length - drawn.length,
  };
}

function isRoot(address: number): boolean {
  return ROOT_ADDRESSES.has(address);
}

function linksOf(paths: readonly PathInfo[]): Links {
  const links = new Map<number, Set<number>>();
  const link = (from: number, to: number) => {
    const set = links.get(from) ?? new Set();
    links.set(from, set.add(to));
  };
  for (const { origin, target } of paths) {
    const [from, to] = [origin, target].map((address) => (isRoot(address) ? ROOT : address));
    if (from === undefined || to === undefined || from === to) continue;
    link(from, to);
    link(to, from);
  }
  return links;
}

function countHops(links: Links): ReadonlyMap<number, number> {
  const hops = new Map([[ROOT, 0]]);
  for (const [address, distance] of hops) {
    for (const next of links.get(address) ?? []) if (!hops.has(next)) hops.set(next, distance + 1);
  }
  return hops;
}

function hopsOf(address: number, hops: ReadonlyMap<number, number>): number {
  return hops.get(address) ?? Number.POSITIVE_INFINITY;
}

function groupByHops(addresses: readonly number[], hops: ReadonlyMap<number, number>): [number, number[]][] {
  const groups = new Map<number, number[]>();
  for (const address of addresses) {
    const distance = hopsOf(address, hops);
    groups.set(distance, [...(groups.get(distance) ?? []), address]);
  }
  return [...groups];
}

function placeLayers(groups: readonly [number, number[]][], columns: number, width: number) {
  let y = MARGIN + ROW;
  const layers = groups.map(([distance, addresses]): Layer => {
    const top = y;
    const members = addresses.map((address, index) => {
      const row = Math.floor(index / columns);
      const inRow = Math.min(columns, addresses.length - row * columns);
      const x = width / 2 + ((index % columns) - (inRow - 1) / 2) * COLUMN;
      return { address, x, y: top + TITLE + row * ROW };
    });
    y = top + TITLE + Math.ceil(addresses.length / columns) * ROW;
    return { title: titleOf(distance), y: top, members };
  });
  return { layers, bottom: y };
}

function titleOf(distance: number): string {
  if (!Number.isFinite(distance)) return 'No reported path to the root';
  return distance === 1 ? '1 path from the root' : `${distance} paths from the root`;
}

function placeEdges(links: Links, layers: readonly Layer[], root: Point) {
  const points = new Map<number, Point>(
    layers.flatMap(({ members }) => members.map((at) => [at.address, at])),
  );
  points.set(ROOT, root);
  return [...links].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => from < to)
      .flatMap((to) => {
        const [start, end] = [points.get(from), points.get(to)];
        return start && end ? [{ key: `${from}-${to}`, from: start, to: end }] : [];
      }),
  );
}

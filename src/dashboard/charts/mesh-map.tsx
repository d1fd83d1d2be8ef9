import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { MapInfo, NodeInfo, PathInfo } from '../../api/shapes.js';
import { formatCount } from '../format.js';
import { useChartStyle } from './charts-style.js';
import { watchColours } from './colours.js';
import { MapNodeList } from './map-node-list.js';
import { MapPictureForm } from './map-picture-form.js';
import { fetchPicture } from './map-pictures.js';
import { MapView } from './map-view.js';
import { type Picture, releasePicture } from './picture.js';
import { type LocatedNode, locateNodes, locatePaths, type Position } from './positions.js';
import { StatusLegend } from './status-look.js';

export interface MeshMapProps {
  readonly nodes: readonly NodeInfo[];
  readonly paths: readonly PathInfo[];
  /** Recent positions by node, oldest first. */
  readonly trails: ReadonlyMap<number, readonly (Position & { readonly at: number })[]>;
  readonly selected?: number | undefined;
  /** The configured background: the result of the method `map`. */
  readonly settings?: MapInfo | undefined;
  onSelect(address: number): void;
}

/** Nodes at their reported positions, with paths and trails. */
export default function MeshMap(props: MeshMapProps) {
  useChartStyle();
  const { nodes, paths, selected, settings, onSelect } = props;
  const located = useMemo(() => locateNodes(nodes), [nodes]);
  const { holder, view } = useMapView(props, located);
  const { error, setPicture } = usePictures(view, settings);
  const drawnPaths = locatePaths(paths, located).length;
  const select = (node: LocatedNode) => {
    view.current?.moveTo(node);
    onSelect(node.node.address);
  };
  return (
    <div class="chart">
      <div class="map-frame">
        <div ref={holder} role="application" aria-label="Map: arrow keys to move, plus and minus to zoom" />
      </div>
      <div class="chart-bar">
        <button type="button" onClick={() => view.current?.fit()}>
          Show all
        </button>
        <StatusLegend />
      </div>
      <p class="chart-note">{describeShown(nodes.length, located.length, paths.length, drawnPaths)}</p>
      {error !== undefined && <p class="chart-note">Background image: {error}.</p>}
      <MapNodeList nodes={located} selected={selected} onSelect={select} />
      <MapPictureForm onPicture={setPicture} />
    </div>
  );
}

export { MeshMap };

function describeShown(nodes: number, located: number, paths: number, drawnPaths: number): string {
  const positions = `${located} of ${nodes} nodes have a known position.`;
  if (paths === 0) return `${positions} The root has reported no paths.`;
  const drawn = drawnPaths > 0 ? ` ${formatCount(drawnPaths, 'path')} drawn.` : '';
  const missing = paths - drawnPaths;
  return `${positions}${drawn}${missing > 0 ? ` ${formatCount(missing, 'path')} not drawn: position unknown.` : ''}`;
}

function useMapView({ paths, trails, selected, onSelect }: MeshMapProps, located: readonly LocatedNode[]) {
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<MapView | undefined>(undefined);
  const select = useRef(onSelect);
  select.current = onSelect;
  useEffect(() => {
    if (!holder.current) return undefined;
    const made = new MapView(holder.current, (address) => select.current(address));
    const unwatch = watchColours(() => made.recolour());
    view.current = made;
    return () => {
      unwatch();
      made.destroy();
      view.current = undefined;
    };
  }, []);
  useEffect(() => {
    const contents = {
      nodes: located,
      paths: locatePaths(paths, located),
      trails: [...trails.values()],
      selected,
    };
    view.current?.show(contents);
  }, [located, paths, trails, selected]);
  return { holder, view };
}

/** The background: the configured one, until the user loads another. */
function usePictures(view: { readonly current: MapView | undefined }, settings: MapInfo | undefined) {
  const [picture, setPicture] = useState<Picture>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    if (!settings) return undefined;
    const { tiles, attribution } = settings;
    view.current?.setTiles(tiles === null ? undefined : { url: tiles, attribution });
    let isOver = false;
    fetchPicture(settings).then(
      (fetched) => !isOver && fetched && setPicture((loaded) => loaded ?? fetched),
      (failure: Error) => !isOver && setError(failure.message),
    );
    return () => {
      isOver = true;
    };
  }, [settings, view]);
  useEffect(() => {
    view.current?.setPicture(picture);
    return () => picture && releasePicture(picture);
  }, [picture, view]);
  return { error, setPicture };
}

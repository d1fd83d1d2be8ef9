import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { MapInfo, NodeInfo, PathInfo } from '../../api/shapes.js';
import { useChartStyle } from './charts-style.js';
import { watchColours } from './colours.js';
import { MapNodeList } from './map-node-list.js';
import { MapPictureForm } from './map-picture-form.js';
import { fetchPicture } from './map-pictures.js';
import { MapView } from './map-view.js';
import { type Picture, releasePicture } from './picture.js';
import { type Place, type PlacedNode, placeNodes, placePaths } from './places.js';
import { StatusLegend } from './status-look.js';

export interface MeshMapProps {
  readonly nodes: readonly NodeInfo[];
  readonly paths: readonly PathInfo[];
  /** Recent places by node, oldest first. */
  readonly trails: ReadonlyMap<number, readonly (Place & { readonly at: number })[]>;
  readonly selected?: number | undefined;
  /** What the settings name as background: the session's method `map`. */
  readonly settings?: MapInfo | undefined;
  onSelect(address: number): void;
}

/** Nodes by the places that they tell, with paths and trails. */
export default function MeshMap(props: MeshMapProps) {
  useChartStyle();
  const { nodes, paths, selected, settings, onSelect } = props;
  const placed = useMemo(() => placeNodes(nodes), [nodes]);
  const { holder, view } = useMapView(props, placed);
  const { error, setPicture } = usePictures(view, settings);
  const drawnPaths = placePaths(paths, placed).length;
  const select = (node: PlacedNode) => {
    view.current?.moveTo(node);
    onSelect(node.node.address);
  };
  return (
    <div class="chart">
      <div class="map-frame">
        <div ref={holder} role="application" aria-label="Map; arrow keys move it, plus and minus zoom" />
      </div>
      <div class="chart-bar">
        <button type="button" onClick={() => view.current?.fit()}>
          Show all
        </button>
        <StatusLegend />
      </div>
      <p class="chart-note">{describeShown(nodes.length, placed.length, paths.length, drawnPaths)}</p>
      {error !== undefined && <p class="chart-note">Background picture: {error}.</p>}
      <MapNodeList nodes={placed} selected={selected} onSelect={select} />
      <MapPictureForm onPicture={setPicture} />
    </div>
  );
}

export { MeshMap };

function describeShown(nodes: number, placed: number, paths: number, drawnPaths: number): string {
  const places = `${placed} of ${nodes} nodes have told where they are.`;
  if (paths === 0) return `${places} The root has reported no paths.`;
  const missing = paths - drawnPaths;
  const left = missing > 0 ? `; ${missing} are not, since the place of an end is not known` : '';
  return `${places} ${drawnPaths} of ${paths} paths are drawn${left}.`;
}

function useMapView({ paths, trails, selected, onSelect }: MeshMapProps, placed: readonly PlacedNode[]) {
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
    const shown = { nodes: placed, paths: placePaths(paths, placed), trails: [...trails.values()], selected };
    view.current?.show(shown);
  }, [placed, paths, trails, selected]);
  return { holder, view };
}

/** The background: that of the settings, until a person loads another. */
function usePictures(view: { readonly current: MapView | undefined }, settings: MapInfo | undefined) {
  const [picture, setPicture] = useState<Picture>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    if (!settings) return undefined;
    const { tiles, attribution } = settings;
    view.current?.setTiles(tiles === null ? undefined : { url: tiles, attribution });
    let isOver = false;
    fetchPicture(settings).then(
      (fetched) => !isOver && fetched && setPicture((own) => own ?? fetched),
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

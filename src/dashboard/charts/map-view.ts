/** The map itself, drawn by Leaflet. */
import L from 'leaflet';
import leafletCss from 'leaflet/dist/leaflet.css' with { type: 'text' };
import { colourOf } from './colours.js';
import { Graticule } from './graticule.js';
import { installStyle } from './install-style.js';
import { NodeMarks } from './node-marks.js';
import type { Picture } from './picture.js';
import type { LocatedNode, Position } from './positions.js';

export interface MapContents {
  readonly nodes: readonly LocatedNode[];
  readonly paths: readonly (readonly [Position, Position])[];
  readonly trails: readonly (readonly Position[])[];
  readonly selected: number | undefined;
}

export interface Tiles {
  readonly url: string;
  readonly attribution: string | null;
}

const EARTH: L.LatLngBoundsLiteral = [
  [-60, -170],
  [75, 170],
];
const MAX_ZOOM = 22;
/** Up to this many levels above the minimum zoom, the map is not fitted to nodes yet. */
const FAR_ZOOMS = 4;
/** Zoom for a single node. */
const CLOSE_ZOOM = 16;

export class MapView {
  readonly #map: L.Map;
  readonly #graticule: Graticule;
  readonly #marks: NodeMarks;
  readonly #paths: L.Polyline;
  readonly #trails: L.Polyline;
  readonly #observer: ResizeObserver;
  #contents: MapContents | undefined;
  #picture: L.ImageOverlay | undefined;
  #tiles: L.TileLayer | undefined;
  /** The user has moved the map: it is not fitted automatically. */
  #isHeld = false;

  constructor(holder: HTMLElement, onSelect: (address: number) => void) {
    installStyle('leaflet', leafletCss);
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const animated = { zoomAnimation: !calm, fadeAnimation: false, markerZoomAnimation: !calm };
    this.#map = L.map(holder, {
      preferCanvas: true,
      zoomControl: false,
      maxZoom: MAX_ZOOM,
      worldCopyJump: false,
      ...animated,
    });
    this.#map.attributionControl.setPrefix(false);
    // At the top right, they do not cover the graticule's labels.
    L.control.zoom({ position: 'topright' }).addTo(this.#map);
    L.control.scale({ imperial: false, position: 'topright' }).addTo(this.#map);
    this.#graticule = new Graticule(this.#map, colourOf('--chart-line'));
    this.#trails = L.polyline([], { weight: 2, opacity: 0.55, interactive: false }).addTo(this.#map);
    this.#paths = L.polyline([], { weight: 1.5, interactive: false }).addTo(this.#map);
    this.#marks = new NodeMarks(this.#map, onSelect);
    this.#map.fitBounds(EARTH, { animate: false });
    this.#observer = new ResizeObserver(() => this.#map.invalidateSize({ pan: false }));
    this.#observer.observe(holder);
    for (const event of ['pointerdown', 'wheel', 'keydown']) {
      holder.addEventListener(event, () => this.#hold(), { capture: true, passive: true });
    }
    this.recolour();
  }

  show(contents: MapContents): void {
    this.#contents = contents;
    this.#paths.setLatLngs(contents.paths.map((path) => path.map(toLatLng)));
    this.#trails.setLatLngs(contents.trails.map((trail) => trail.map(toLatLng)));
    this.#marks.show(contents.nodes, contents.selected);
    if (!this.#isHeld && !this.#areAllVisible()) this.fit();
  }

  /** Makes all nodes and the image visible. */
  fit(): void {
    this.#isHeld = false;
    const bounds = L.latLngBounds((this.#contents?.nodes ?? []).map(toLatLng));
    if (this.#picture) bounds.extend(this.#picture.getBounds());
    if (!bounds.isValid()) return;
    this.#map.fitBounds(bounds, { padding: [30, 30], maxZoom: CLOSE_ZOOM, animate: false });
  }

  moveTo(position: Position): void {
    this.#isHeld = true;
    this.#map.panTo(toLatLng(position));
  }

  setPicture(picture: Picture | undefined): void {
    this.#picture?.remove();
    this.#picture = undefined;
    if (!picture) return;
    const [north, west, south, east] = picture.corners;
    const bounds: L.LatLngBoundsLiteral = [
      [south, west],
      [north, east],
    ];
    this.#picture = L.imageOverlay(picture.url, bounds, { alt: 'Background image' }).addTo(this.#map);
    this.fit();
  }

  setTiles(tiles: Tiles | undefined): void {
    this.#tiles?.remove();
    const attribution = escapeText(tiles?.attribution ?? '');
    this.#tiles = tiles && L.tileLayer(tiles.url, { maxZoom: MAX_ZOOM, attribution }).addTo(this.#map);
  }

  recolour(): void {
    this.#graticule.recolour(colourOf('--chart-line'));
    this.#paths.setStyle({ color: colourOf('--chart-line') });
    this.#trails.setStyle({ color: colourOf('--chart-1') });
    this.#marks.recolour();
  }

  #hold(): void {
    this.#isHeld = true;
  }

  #areAllVisible(): boolean {
    const visible = this.#map.getBounds();
    const isClose = this.#map.getZoom() > this.#map.getMinZoom() + FAR_ZOOMS;
    return isClose && (this.#contents?.nodes ?? []).every((position) => visible.contains(toLatLng(position)));
  }

  destroy(): void {
    this.#observer.disconnect();
    // Leaflet does not cancel every redraw that it has scheduled; the canvas must exist until then.
    for (const part of [this.#graticule, this.#marks, this.#paths, this.#trails]) part.remove();
    requestAnimationFrame(() => this.#map.remove());
  }
}

function toLatLng({ lat, lon }: Position): L.LatLngTuple {
  return [lat, lon];
}

/** Leaflet takes an attribution as HTML. */
function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

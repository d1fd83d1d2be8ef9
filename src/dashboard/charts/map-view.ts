/** The map itself: leaflet, told what to show. */
import L from 'leaflet';
import leafletCss from 'leaflet/dist/leaflet.css' with { type: 'text' };
import { colourOf } from './colours.js';
import { Graticule } from './graticule.js';
import { installStyle } from './install-style.js';
import { NodeMarks } from './node-marks.js';
import type { Picture } from './picture.js';
import type { Place, PlacedNode } from './places.js';

export interface Shown {
  readonly nodes: readonly PlacedNode[];
  readonly paths: readonly (readonly [Place, Place])[];
  readonly trails: readonly (readonly Place[])[];
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
/** With so few zooms the whole earth is shown: no node has been seen yet. */
const FAR_ZOOMS = 4;
/** What a lone node is shown with. */
const CLOSE_ZOOM = 16;

export class MapView {
  readonly #map: L.Map;
  readonly #graticule: Graticule;
  readonly #marks: NodeMarks;
  readonly #paths: L.Polyline;
  readonly #trails: L.Polyline;
  readonly #observer: ResizeObserver;
  #shown: Shown | undefined;
  #picture: L.ImageOverlay | undefined;
  #tiles: L.TileLayer | undefined;
  /** A person has moved the map: it stays where it is. */
  #isHeld = false;

  constructor(holder: HTMLElement, onSelect: (address: number) => void) {
    installStyle('leaflet', leafletCss);
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const animated = { zoomAnimation: !calm, fadeAnimation: false, markerZoomAnimation: !calm };
    this.#map = L.map(holder, { preferCanvas: true, maxZoom: MAX_ZOOM, worldCopyJump: false, ...animated });
    this.#map.attributionControl.setPrefix(false);
    L.control.scale({ imperial: false, position: 'bottomright' }).addTo(this.#map);
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

  show(shown: Shown): void {
    this.#shown = shown;
    this.#paths.setLatLngs(shown.paths.map((path) => path.map(toLatLng)));
    this.#trails.setLatLngs(shown.trails.map((trail) => trail.map(toLatLng)));
    this.#marks.show(shown.nodes, shown.selected);
    if (!this.#isHeld && !this.#isAllSeen()) this.fit();
  }

  /** Moves so that all nodes and the picture are seen. */
  fit(): void {
    this.#isHeld = false;
    const bounds = L.latLngBounds((this.#shown?.nodes ?? []).map(toLatLng));
    if (this.#picture) bounds.extend(this.#picture.getBounds());
    if (!bounds.isValid()) return;
    this.#map.fitBounds(bounds, { padding: [30, 30], maxZoom: CLOSE_ZOOM, animate: false });
  }

  moveTo(place: Place): void {
    this.#isHeld = true;
    this.#map.panTo(toLatLng(place));
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
    this.#picture = L.imageOverlay(picture.url, bounds, { alt: 'Background picture' }).addTo(this.#map);
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

  #isAllSeen(): boolean {
    const seen = this.#map.getBounds();
    const isClose = this.#map.getZoom() > this.#map.getMinZoom() + FAR_ZOOMS;
    return isClose && (this.#shown?.nodes ?? []).every((place) => seen.contains(toLatLng(place)));
  }

  destroy(): void {
    this.#observer.disconnect();
    // Leaflet forgets some of the drawings that it has asked for; they must find their canvas still there.
    for (const part of [this.#graticule, this.#marks, this.#paths, this.#trails]) part.remove();
    requestAnimationFrame(() => this.#map.remove());
  }
}

function toLatLng({ lat, lon }: Place): L.LatLngTuple {
  return [lat, lon];
}

/** Leaflet takes an attribution as HTML. */
function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

/** Lines of latitude and longitude, so that a map without tiles is not blank. */
import L from 'leaflet';

/** Spacing of lines, in degrees: round numbers. */
const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];
/** Desired number of lines across the map. */
const LINES_WANTED = 5;
/** px that the label of a line of longitude needs. */
const LABEL_WIDTH = 72;
/** Bounds of the Mercator projection. */
const MAX_LATITUDE = 85;

export class Graticule {
  readonly #map: L.Map;
  readonly #layer = L.layerGroup();
  readonly #draw = () => this.#redraw();
  #colour: string;

  constructor(map: L.Map, colour: string) {
    this.#map = map;
    this.#colour = colour;
    const pane = map.createPane('graticule');
    pane.style.zIndex = '350';
    pane.style.pointerEvents = 'none';
    this.#layer.addTo(map);
    map.on('moveend zoomend resize', this.#draw);
  }

  recolour(colour: string): void {
    this.#colour = colour;
    this.#redraw();
  }

  remove(): void {
    this.#map.off('moveend zoomend resize', this.#draw);
    this.#layer.remove();
  }

  #redraw(): void {
    this.#layer.clearLayers();
    const bounds = this.#map.getBounds().pad(0.1);
    const [south, north] = clamp(bounds.getSouth(), bounds.getNorth(), MAX_LATITUDE);
    const [west, east] = clamp(bounds.getWest(), bounds.getEast(), 180);
    const step = chooseStep(Math.max(north - south, (east - west) / 2));
    for (const lat of multiples(south, north, step)) this.#addLine([lat, west], [lat, east], lat, 'NS', step);
    for (const lon of multiples(west, east, step)) this.#addLine([south, lon], [north, lon], lon, 'EW', step);
  }

  #addLine(from: L.LatLngTuple, to: L.LatLngTuple, degrees: number, sides: string, step: number): void {
    const style = { color: this.#colour, weight: 1, opacity: 0.6, interactive: false, pane: 'graticule' };
    this.#layer.addLayer(L.polyline([from, to], style));
    if (!this.#isVisible(degrees, sides) || !this.#hasLabel(degrees, sides, step)) return;
    const decimals = step >= 1 ? 0 : Math.ceil(-Math.log10(step));
    const text = `${Math.abs(degrees).toFixed(decimals)}° ${degrees < 0 ? sides[1] : sides[0]}`;
    const icon = L.divIcon({
      className: 'map-graticule-label',
      html: text,
      iconSize: [0, 0],
      iconAnchor: [-3, 0],
    });
    const position = this.#labelPosition(from);
    const options = { icon, interactive: false, keyboard: false, pane: 'graticule' };
    this.#layer.addLayer(L.marker(position, options));
  }

  /** Where lines of longitude are close together, not every one has a label. */
  #hasLabel(degrees: number, sides: string, step: number): boolean {
    if (sides === 'NS') return true;
    const { lat, lng } = this.#map.getCenter();
    const spacing =
      this.#map.latLngToContainerPoint([lat, lng + step]).x - this.#map.latLngToContainerPoint([lat, lng]).x;
    return Math.round(degrees / step) % Math.max(1, Math.ceil(LABEL_WIDTH / spacing)) === 0;
  }

  #isVisible(degrees: number, sides: string): boolean {
    const visible = this.#map.getBounds();
    if (sides === 'NS') return degrees > visible.getSouth() && degrees < visible.getNorth();
    return degrees > visible.getWest() && degrees < visible.getEast();
  }

  /** Within the visible part, at its left or lower edge. */
  #labelPosition([lat, lon]: L.LatLngTuple): L.LatLngTuple {
    const visible = this.#map.getBounds();
    const { y: height } = this.#map.getSize();
    const lower = this.#map.containerPointToLatLng([0, height - 16]).lat;
    return [Math.max(lat, lower), Math.max(lon, visible.getWest())];
  }
}

function clamp(low: number, high: number, limit: number): [number, number] {
  return [Math.max(low, -limit), Math.min(high, limit)];
}

function chooseStep(range: number): number {
  return STEPS.findLast((step) => range / step <= LINES_WANTED * 2) ?? 30;
}

function multiples(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const count = Math.max(0, Math.floor(to / step) - first + 1);
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}

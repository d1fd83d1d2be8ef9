import L from 'leaflet';
import { colourOf } from './colours.js';
import type { LocatedNode } from './positions.js';
import { STATUS_LOOKS } from './status-look.js';

/** With more nodes, labels would overlap. */
const MAX_LABELS = 60;
const SELECTED_WEIGHT = 4;
const WEIGHT = 2;

interface Mark {
  readonly circle: L.CircleMarker;
  /** What it was drawn from: it is redrawn only when this changes. */
  drawnFrom: string;
}

/** The marks of thousands of nodes, on one canvas. */
export class NodeMarks {
  readonly #map: L.Map;
  readonly #onSelect: (address: number) => void;
  readonly #marks = new Map<number, Mark>();
  #nodes: readonly LocatedNode[] = [];
  #selected: number | undefined;

  constructor(map: L.Map, onSelect: (address: number) => void) {
    this.#map = map;
    this.#onSelect = onSelect;
  }

  show(nodes: readonly LocatedNode[], selected: number | undefined): void {
    this.#nodes = nodes;
    this.#selected = selected;
    const shown = new Set(nodes.map(({ node }) => node.address));
    for (const [address, { circle }] of this.#marks) {
      if (shown.has(address)) continue;
      circle.remove();
      this.#marks.delete(address);
    }
    const hasLabels = nodes.length <= MAX_LABELS;
    for (const node of nodes) this.#draw(node, hasLabels);
  }

  recolour(): void {
    for (const mark of this.#marks.values()) mark.drawnFrom = '';
    this.show(this.#nodes, this.#selected);
  }

  remove(): void {
    for (const { circle } of this.#marks.values()) circle.remove();
    this.#marks.clear();
  }

  #draw({ node, lat, lon }: LocatedNode, hasLabel: boolean): void {
    const { address, name, status } = node;
    const isSelected = address === this.#selected;
    const drawnFrom = JSON.stringify([lat, lon, status, name, isSelected, hasLabel]);
    const mark = this.#marks.get(address) ?? this.#add(address, [lat, lon]);
    if (mark.drawnFrom === drawnFrom) return;
    mark.drawnFrom = drawnFrom;
    const { colour, radius, fill, dashes } = STATUS_LOOKS[status];
    const color = colourOf(colour);
    const weight = isSelected ? SELECTED_WEIGHT : WEIGHT;
    mark.circle.setLatLng([lat, lon]);
    mark.circle.setStyle({ color, fillColor: color, fillOpacity: fill, weight, dashArray: dashes ?? '' });
    mark.circle.setRadius(isSelected ? radius + 3 : radius);
    this.#label(mark.circle, name, hasLabel);
  }

  #add(address: number, position: L.LatLngTuple): Mark {
    const circle = L.circleMarker(position, { bubblingMouseEvents: false });
    circle.on('click', () => this.#onSelect(address));
    circle.addTo(this.#map);
    const mark = { circle, drawnFrom: '' };
    this.#marks.set(address, mark);
    return mark;
  }

  #label(circle: L.CircleMarker, name: string, permanent: boolean): void {
    const tooltip = circle.getTooltip();
    const text = document.createElement('span');
    text.textContent = name;
    if (tooltip && tooltip.options.permanent === permanent) tooltip.setContent(text);
    else circle.unbindTooltip().bindTooltip(text, { permanent, direction: 'right', offset: [6, 0] });
  }
}

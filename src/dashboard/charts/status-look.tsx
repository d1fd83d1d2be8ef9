/** How a node's status looks: a colour, and a shape for those who can't tell colours apart. */
import type { NodeStatusName } from '../../api/shapes.js';

export interface StatusLook {
  readonly text: string;
  /** The name of a custom property. */
  readonly colour: string;
  readonly radius: number;
  /** Share of the colour inside of the ring. */
  readonly fill: number;
  readonly dashes?: string;
}

export const STATUS_LOOKS: Readonly<Record<NodeStatusName, StatusLook>> = {
  active: { text: 'active', colour: '--status-active', radius: 6, fill: 0.9 },
  idle: { text: 'idle', colour: '--status-idle', radius: 6, fill: 0.25 },
  disconnected: { text: 'disconnected', colour: '--status-disconnected', radius: 7, fill: 0, dashes: '3 3' },
  unheard: { text: 'not heard yet', colour: '--status-unheard', radius: 3, fill: 0.9 },
  unknown: { text: 'unknown', colour: '--status-unknown', radius: 4, fill: 0, dashes: '1 2' },
};

/** A status as it is drawn on the map and in the graph. */
export function StatusMark({ status }: { status: NodeStatusName }) {
  const { colour, radius, fill, dashes } = STATUS_LOOKS[status];
  return (
    <circle
      r={radius}
      stroke={`var(${colour})`}
      stroke-width="2"
      stroke-dasharray={dashes}
      fill={`var(${colour})`}
      fill-opacity={fill}
    />
  );
}

export function StatusLegend() {
  return (
    <ul class="map-legend" aria-label="What the marks mean">
      {Object.entries(STATUS_LOOKS).map(([status, { text }]) => (
        <li key={status}>
          <svg width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true">
            <StatusMark status={status as NodeStatusName} />
          </svg>{' '}
          {text}
        </li>
      ))}
    </ul>
  );
}

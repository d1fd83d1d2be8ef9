/** Marks of a node's status: colour, and shape for users who can't distinguish colours. */
import type { NodeStatusName } from '../../api/shapes.js';

export interface StatusLook {
  /** Name of a custom property. */
  readonly colour: string;
  readonly radius: number;
  /** Opacity of the colour inside the ring. */
  readonly fill: number;
  readonly dashes?: string;
}

export const STATUS_LOOKS: Readonly<Record<NodeStatusName, StatusLook>> = {
  active: { colour: '--status-active', radius: 6, fill: 0.9 },
  idle: { colour: '--status-idle', radius: 6, fill: 0.25 },
  disconnected: { colour: '--status-disconnected', radius: 7, fill: 0, dashes: '3 3' },
  unheard: { colour: '--status-unheard', radius: 3, fill: 0.9 },
  unknown: { colour: '--status-unknown', radius: 4, fill: 0, dashes: '1 2' },
};

/** The mark of a status on the map and in the graph. */
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
    <ul class="map-legend" aria-label="Legend">
      {Object.keys(STATUS_LOOKS).map((status) => (
        <li key={status}>
          <svg width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true">
            <StatusMark status={status as NodeStatusName} />
          </svg>{' '}
          {status}
        </li>
      ))}
    </ul>
  );
}

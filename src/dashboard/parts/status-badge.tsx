import type { NodeStatusName } from '../../api/shapes.js';

/** The word stands beside the colour: nobody has to tell colours apart. */
export function StatusBadge({ status }: { readonly status: NodeStatusName }) {
  return <span class={`status status-${status}`}>{status}</span>;
}

import type { NodeStatusName } from '../../api/shapes.js';

/** Word and colour: the status is readable without seeing colours. */
export function StatusBadge({ status }: { readonly status: NodeStatusName }) {
  return <span class={`status status-${status}`}>{status}</span>;
}

import { PageTitle } from '../parts/page-title.js';
import { nodeHref } from '../router.js';
import { useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';

export function RobotsPage() {
  const { store } = useSession();
  useTopic(store.topics.robots);
  return (
    <div class="page">
      <PageTitle title="Robots" />
      {store.robots.length === 0 ? (
        <p class="placeholder">No robots published. Clients publish them with the W-RBT command.</p>
      ) : (
        <table class="plain wide" aria-label="Robots">
          <thead>
            <tr>
              <th scope="col">ID</th>
              <th scope="col">Name</th>
              <th scope="col">State</th>
              <th scope="col">Node</th>
            </tr>
          </thead>
          <tbody>
            {store.robots.map(({ id, name, state, node }) => (
              <tr key={id}>
                <td class="figure">{id}</td>
                <th scope="row">{name}</th>
                <td>{state}</td>
                <td>
                  <NodeLink text={node} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

/** Clients name the node freely: it becomes a link if it is the name or address of a known node. */
function NodeLink({ text }: { readonly text: string }) {
  const { store } = useSession();
  for (const { info } of store.nodes.values()) {
    if (info.name === text || String(info.address) === text || Number(text) === info.address) {
      return <a href={nodeHref(info.address)}>{text}</a>;
    }
  }
  return <>{text}</>;
}

import { useMemo } from 'preact/hooks';
import { Card } from '../../parts/card.js';
import { LogTable } from '../../parts/log-table.js';
import { useSession } from '../../store/context.js';
import { useSlowTopic } from '../../store/topic.js';

const UPDATE_EVERY_MS = 250;

/** Messages from and to this node, as far as the page's log goes back. */
export function NodeMessages({ address }: { readonly address: number }) {
  const { store } = useSession();
  const version = useSlowTopic(store.topics.traffic, UPDATE_EVERY_MS);
  const lines = useMemo(
    () => store.log.lines.toArray().filter(({ node }) => node === address),
    [store, address, version],
  );
  return (
    <Card title="Messages">
      <LogTable lines={lines} label="Messages from and to this node" showsHex={false} height={260} />
    </Card>
  );
}

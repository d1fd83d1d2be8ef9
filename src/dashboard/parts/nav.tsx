import { useEffect, useRef } from 'preact/hooks';
import { useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';

const PAGES = [
  ['nodes', 'Nodes'],
  ['devices', 'Devices'],
  ['map', 'Map'],
  ['topology', 'Topology'],
  ['traffic', 'Traffic'],
  ['robots', 'Robots'],
  ['alarms', 'Alarms'],
  ['gateway', 'Gateway'],
] as const;

export function Nav({ page }: { readonly page: string }) {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    nav.current?.querySelector(`[href="#/${page}"]`)?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [page]);
  return (
    <nav aria-label="Pages" ref={nav}>
      <ul>
        {PAGES.map(([id, name]) => (
          <li key={id}>
            <a href={`#/${id}`} aria-current={page === id ? 'page' : undefined}>
              {name}
              {id === 'alarms' && <AlarmBadge />}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function AlarmBadge() {
  const { store } = useSession();
  useTopic(store.topics.alarms);
  const count = store.openAlarms().filter(({ acknowledged }) => !acknowledged).length;
  return (
    <span class={`badge ${count === 0 ? 'none' : ''}`} data-testid="alarm-count">
      {count}
    </span>
  );
}

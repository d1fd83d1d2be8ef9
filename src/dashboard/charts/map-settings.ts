import { useEffect, useState } from 'preact/hooks';
import type { MapInfo } from '../../api/shapes.js';
import { useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';

/** What the gateway's settings name as background of the map; undefined until it has told it. */
export function useMapSettings(): MapInfo | undefined {
  const session = useSession();
  useTopic(session.topic);
  const [settings, setSettings] = useState<MapInfo>();
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (!isOpen) return;
    session.call('map', {}).then(
      (given) => setSettings((known) => (JSON.stringify(known) === JSON.stringify(given) ? known : given)),
      () => {},
    );
  }, [session, isOpen]);
  return settings;
}
